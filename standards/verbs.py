"""How deeds on standards, devices and procedures are told."""

from lims.audit.registry import register

register("device.registered", zh="登记了计量设备", en="registered a device")
register("device.changed", zh="修改了计量设备资料", en="changed a device's data")
register("device.state_changed", zh="变更了设备状态", en="changed a device's state")
register("device_certificate.entered", zh="录入了设备证书", en="entered a device certificate")
register(
    "device_certificate.file_received",
    zh="收到了设备的数字证书文件",
    en="received the file of a device's digital certificate",
)
register("device_certificate.confirmed", zh="确认了设备证书", en="confirmed a device certificate")
register("device_certificate.withdrawn", zh="撤回了设备证书", en="withdrew a device certificate")
register("standard.registered", zh="登记了计量标准", en="registered a measurement standard")
register("standard.changed", zh="修改了计量标准资料", en="changed a measurement standard's data")
register("standard.state_changed", zh="变更了计量标准状态", en="changed a measurement standard's state")
register("standard.licence_entered", zh="登记了计量标准的证书", en="entered a licence of a measurement standard")
register("standard.licence_corrected", zh="更正了计量标准的证书", en="corrected a licence of a measurement standard")
register("standard.device_added", zh="为计量标准加入了设备", en="added a device to a measurement standard")
register("standard.device_removed", zh="从计量标准移出了设备", en="removed a device from a measurement standard")
register("standard.person_named", zh="为计量标准指定了人员", en="named a person for a measurement standard")
register("standard.person_released", zh="解除了计量标准的人员", en="released a person from a measurement standard")
register("procedure.loaded", zh="载入了规程数据版本", en="loaded a procedure version")
register("procedure.approved", zh="批准了规程数据版本", en="approved a procedure version")
register("procedure.retired", zh="停用了规程数据版本", en="retired a procedure version")
register("procedure.value_confirmed", zh="确认了规程中的一个值", en="confirmed a value of a procedure")
register("standard.plan_set", zh="设定了考核计划", en="set the plan of tests")
register("standard.parameter_added", zh="登记了计量标准的参数", en="named a parameter of a measurement standard")
register("standard.parameter_changed", zh="修改了计量标准的参数", en="changed a parameter of a measurement standard")
register("standard.test_entered", zh="录入了测量能力试验", en="entered a capability test")
register("standard.test_withdrawn", zh="撤回了测量能力试验", en="withdrew a capability test")
register("standard.change_opened", zh="登记了计量标准的变更", en="opened a change of a measurement standard")
register("standard.change_decided", zh="对计量标准的变更作出了决定", en="decided a change of a measurement standard")
register("standard.paper_filed", zh="归入了计量标准文件", en="filed a paper of a measurement standard")
register("standard.paper_withdrawn", zh="撤回了计量标准文件", en="withdrew a paper of a measurement standard")
register("standard.report_written", zh="编写了计量标准技术报告", en="wrote a part of the technical report")
register("device.noted", zh="记入了设备履历", en="noted something in a device's record")
register("standard.examination_opened", zh="开始准备计量标准考核", en="began to prepare an examination of a standard")
register("standard.examination_submitted", zh="提交了计量标准考核申请", en="applied for the examination of a standard")
register("standard.examination_examined", zh="登记了计量标准考核结果", en="entered the result of an examination")
register("standard.examination_abandoned", zh="终止了计量标准考核申请", en="gave up the application for an examination")
