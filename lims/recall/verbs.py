"""What happens in recall cases, as sentences of the event log."""

from lims.audit.registry import register

register("recall.opened", zh="开始影响追溯", en="opened a recall case")
register("recall.restated", zh="更改追溯所依据的说明", en="restated what the recall case rests on")
register("recall.traced", zh="列出涉及的证书", en="listed the certificates touched")
register("recall.computing", zh="开始重新计算涉及的证书", en="began to compute the certificates touched again")
register("recall.computed", zh="重新计算完毕", en="computed the certificates touched again")
register("recall.decided", zh="决定如何处理涉及的证书", en="decided about a certificate touched")
register("recall.decided_many", zh="决定如何处理一批涉及的证书", en="decided about many certificates touched")
register("recall.superseded", zh="以新的追溯取代", en="superseded the recall case")
register("recall.closed", zh="结束影响追溯", en="closed the recall case")
