"""The characters that stand on nearly every certificate, in each of its two fonts.

They are embedded first and always together. So this part of a font is the same in every document: a process cuts it out, packs and
checks it once. Whatever else a document says stands in further parts of its own. At most 254, for a part has 256 codes, and the first
is for a missing character.
"""

SANS = (
    "%()+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
    "opqrstuvwxyz±·℃　、。《》一不与专个为书二于交人仅以件低作修值允公共其具准出分列到制力动区印可号司合员商器地址"
    "均备复大好子字完定客对封尚层工差市年度开引待律得志成或户所打批技按据授效数整文料无日显最月有期未本术机权构标校核格检次汽法流"
    "测温湿演牌理生用由甲电界的码研确示程究章第等签系级经结统编置能至范表装规计认许设证试话误调资辨边造道邮部量限院面页验（），："
    "；～"
)

SERIF = (
    "%/0123456789ABCDEFGHILMNOPRSTUVWXYabcdefghiklmnorstuvwy·—　下不与主"
    "书人以件价伪位依修值允元公其具准出制力功动区单厂压原发号合名员器围地址型境声处备外大套始定对封工差市年应度式录待律所扫批技据"
    "授接收效数整文无日明显最期条构果查标校核格检次法注流测温湿演点率环理用由电的目相真码确示称程空章等签级结编能范要观规计认记许"
    "论设证试误说调质费资送造部配量金铭限院页项额验（），：；"
)
