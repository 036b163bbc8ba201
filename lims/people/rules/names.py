"""What roles and acts are called in both languages, and which role an act belongs to."""

from lims.people.models import Authorisation, Role

ACT_NAMES = {
    "verify": ("检定", "verify"),
    "check": ("核验", "check"),
    "approve": ("批准", "approve"),
    "train": ("见习检定", "verify under supervision"),
}
ROLE_NAMES = {
    Role.RECEPTIONIST: ("业务受理员", "receptionist"),
    Role.TECHNICIAN: ("检定员", "technician"),
    Role.CHECKER: ("核验员", "checker"),
    Role.APPROVER: ("批准人", "approver"),
    Role.TECHNICAL_LEAD: ("技术负责人", "technical lead"),
    Role.QUALITY_MANAGER: ("质量负责人", "quality manager"),
    Role.AUDITOR: ("审核员", "auditor"),
    Role.CUSTOMER: ("客户用户", "customer user"),
    Role.ADMINISTRATOR: ("系统管理员", "administrator"),
}
ROLE_OF_ACT = {
    Authorisation.Act.VERIFY: Role.TECHNICIAN,
    Authorisation.Act.CHECK: Role.CHECKER,
    Authorisation.Act.APPROVE: Role.APPROVER,
    Authorisation.Act.TRAIN: Role.TECHNICIAN,
}
