"""What can happen to people, as sentences of the event log."""

from lims.audit.registry import register

register("person.added", zh="登记人员", en="entered a person")
register("person.changed", zh="修改人员资料", en="changed a person's data")
register("person.came_back", zh="登记人员复岗", en="recorded that a person is back")
register("person.link_made", zh="生成设置密码的链接", en="made a link to set a password")
register("person.password_set", zh="本人设置了密码", en="set the own password")
register("person.left", zh="登记人员离岗", en="recorded that a person left")
register("role.given", zh="授予角色", en="gave a role")
register("role.taken", zh="撤销角色", en="took a role away")
register("authorisation.granted", zh="授权", en="granted an authorisation")
register("authorisation.revoked", zh="撤销授权", en="revoked an authorisation")
register("qualification.registered", zh="登记职业资格", en="registered a qualification")
register("qualification.corrected", zh="更正职业资格或注册", en="corrected a qualification or registration")
register("registration.added", zh="登记注册", en="entered a registration")
register("organisation.added", zh="登记机构", en="entered an organisation")
register("organisation.changed", zh="修改机构资料", en="changed an organisation's data")
register("department.added", zh="登记部门", en="entered a department")
register("department.renamed", zh="部门更名", en="renamed a department")
