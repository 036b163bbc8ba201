"""Addresses under /standards/."""

from django.urls import path

from standards.views import certificates, devices, keeping, procedures, standards

app_name = "standards"
urlpatterns = [
    path("", standards.standard_list, name="list"),
    path("devices/", devices.device_list, name="device_list"),
    path("devices/new/", devices.device_new, name="device_new"),
    path("devices/<str:number>/", devices.device, name="device"),
    path("devices/<str:number>/edit/", devices.device_edit, name="device_edit"),
    path("devices/<str:number>/state/", devices.device_state, name="device_state"),
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
    path("licences/<int:pk>/correct/", keeping.licence_correct, name="licence_correct"),
    path("licences/<int:pk>/original/", keeping.licence_file, name="licence_file"),
    path("members/<int:pk>/end/", keeping.member_end, name="member_end"),
    path("people/<int:pk>/end/", keeping.person_end, name="person_end"),
]
