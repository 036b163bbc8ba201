"""Addresses under /standards/."""

from django.urls import path

from standards.views import capability, certificates, chain, devices, dossier, keeping, procedures, standards

app_name = "standards"
urlpatterns = [
    path("", standards.standard_list, name="list"),
    path("devices/", devices.device_list, name="device_list"),
    path("devices/new/", devices.device_new, name="device_new"),
    path("devices/<str:number>/", devices.device, name="device"),
    path("devices/<str:number>/edit/", devices.device_edit, name="device_edit"),
    path("devices/<str:number>/state/", devices.device_state, name="device_state"),
    path("devices/<str:number>/notes/new/", dossier.note_new, name="note_new"),
    path("devices/<str:number>/certificates/new/", certificates.certificate_new, name="certificate_new"),
    path("certificates/<int:pk>/confirm/", certificates.certificate_confirm, name="certificate_confirm"),
    path("certificates/<int:pk>/withdraw/", certificates.certificate_withdraw, name="certificate_withdraw"),
    path("certificates/<int:pk>/correct/", certificates.certificate_correct, name="certificate_correct"),
    path("certificates/<int:pk>/original/", certificates.certificate_file, name="certificate_file"),
    path("procedures/", procedures.procedure_list, name="procedure_list"),
    path("procedures/<str:sha256>/", procedures.procedure, name="procedure"),
    path("procedures/<str:sha256>/approve/", procedures.procedure_approve, name="procedure_approve"),
    path("procedures/<str:sha256>/confirm/", procedures.procedure_confirm, name="procedure_confirm"),
    path("sets/new/", keeping.standard_new, name="standard_new"),
    path("sets/<str:code>/", standards.standard, name="standard"),
    path("sets/<str:code>/edit/", keeping.standard_edit, name="standard_edit"),
    path("sets/<str:code>/state/", keeping.standard_state, name="standard_state"),
    path("sets/<str:code>/licences/new/", keeping.licence_new, name="licence_new"),
    path("sets/<str:code>/members/new/", keeping.member_new, name="member_new"),
    path("sets/<str:code>/people/new/", keeping.person_new, name="person_new"),
    path("sets/<str:code>/capability/", capability.capability, name="capability"),
    path("sets/<str:code>/chain/", chain.chain_page, name="chain"),
    path("sets/<str:code>/plan/", capability.plan_edit, name="plan"),
    path("sets/<str:code>/parameters/new/", capability.parameter_new, name="parameter_new"),
    path("sets/<str:code>/dossier/", dossier.dossier_page, name="dossier"),
    path("sets/<str:code>/papers/new/", dossier.paper_new, name="paper_new"),
    path("sets/<str:code>/changes/new/", dossier.change_new, name="change_new"),
    path("parameters/<int:pk>/edit/", capability.parameter_edit, name="parameter_edit"),
    path("parameters/<int:pk>/tests/new/", capability.test_new, name="test_new"),
    path("tests/<int:pk>/withdraw/", capability.test_withdraw, name="test_withdraw"),
    path("papers/<int:pk>/original/", dossier.paper_file, name="paper_file"),
    path("papers/<int:pk>/withdraw/", dossier.paper_withdraw, name="paper_withdraw"),
    path("changes/<int:pk>/decide/", dossier.change_decide, name="change_decide"),
    path("licences/<int:pk>/correct/", keeping.licence_correct, name="licence_correct"),
    path("licences/<int:pk>/original/", keeping.licence_file, name="licence_file"),
    path("members/<int:pk>/end/", keeping.member_end, name="member_end"),
    path("people/<int:pk>/end/", keeping.person_end, name="person_end"),
]
