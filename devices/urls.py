from django.urls import path

from devices import api
from devices.views import benches, profiles, rigs, testing, wizard

app_name = "devices"
urlpatterns = [
    path("", rigs.installed, name="installed"),
    path("ports/<int:port>/open/", rigs.open_session, name="open_session"),
    path("sessions/<uuid:pk>/", rigs.session, name="session"),
    path("sessions/<uuid:pk>/stream/", rigs.stream, name="stream"),
    path("sessions/<uuid:pk>/close/", rigs.close_session, name="close_session"),
    path("sessions/<uuid:pk>/export/", rigs.export, name="export"),
    path("sessions/<uuid:pk>/test/", testing.session_test, name="session_test"),
    path("sessions/<uuid:pk>/drive/", rigs.drive, name="drive"),
    path("sessions/<uuid:pk>/commands/", rigs.drive_panel, name="drive_panel"),
    path("orders/<uuid:pk>/", rigs.order, name="order"),
    path("benches/new/", benches.bench_new, name="bench_new"),
    path("benches/<int:pk>/", benches.bench, name="bench"),
    path("benches/<int:pk>/token/", benches.bench_token, name="bench_token"),
    path("benches/<int:pk>/disable/", benches.bench_disable, name="bench_disable"),
    path("benches/<int:pk>/enable/", benches.bench_enable, name="bench_enable"),
    path("benches/<int:pk>/ports/new/", benches.port_new, name="port_new"),
    path("ports/<int:pk>/bind/", benches.port_bind, name="port_bind"),
    path("ports/<int:pk>/unbind/", benches.port_unbind, name="port_unbind"),
    path("profiles/", profiles.profile_list, name="profile_list"),
    path("profiles/new/", profiles.profile_new, name="profile_new"),
    path("profiles/<slug:sha>/", profiles.profile, name="profile"),
    path("profiles/<slug:sha>/approve/", profiles.profile_approve, name="profile_approve"),
    path("profiles/<slug:sha>/withdraw/", profiles.profile_withdraw, name="profile_withdraw"),
    path("profiles/<slug:sha>/reread/", profiles.profile_reread, name="profile_reread"),
    path("wizard/", wizard.wizard, name="wizard"),
    path("wizard/try/", wizard.wizard_try, name="wizard_try"),
    path("wizard/answers/<uuid:pk>/", wizard.wizard_answer, name="wizard_answer"),
    path("wizard/propose/", wizard.wizard_propose, name="wizard_propose"),
    path("wizard/test/", wizard.wizard_test, name="wizard_test"),
    path("wizard/tests/<uuid:pk>/", wizard.wizard_tested, name="wizard_tested"),
    path("wizard/replay/", wizard.wizard_replay, name="wizard_replay"),
    path("wizard/save/", wizard.wizard_save, name="wizard_save"),
    path("api/bench/poll", api.poll, name="api_poll"),
    path("api/ingest", api.ingest, name="api_ingest"),
]
