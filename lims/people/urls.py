from django.urls import path

from lims.people.views import authorising, competence, joining, keys, organisations, passwords, people

app_name = "people"
urlpatterns = [
    path("", people.people_list, name="list"),
    path("new/", joining.person_new, name="new"),
    path("first-password/<str:person>/<str:token>/", passwords.first_password, name="first_password"),
    path("my-key/", keys.my_key, name="my_key"),
    path("my-key/passphrase/", keys.my_passphrase, name="my_passphrase"),
    path("keys/persons-ca.pem", keys.authority, name="persons_ca"),
    path("keys/revoked.crl", keys.revoked, name="revoked_keys"),
    path("keys/<str:fingerprint>/revoke/", keys.revoke_key, name="revoke_key"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/new/", organisations.organisation_new, name="organisation_new"),
    path("organisations/<int:pk>/edit/", organisations.organisation_edit, name="organisation_edit"),
    path("organisations/<int:pk>/departments/new/", organisations.department_new, name="department_new"),
    path("organisations/departments/<int:pk>/edit/", organisations.department_edit, name="department_edit"),
    path("competence/", competence.overview, name="competence"),
    path("requirements/", competence.requirements, name="requirements"),
    *(
        path(f"requirements/{key}/", competence.requirement_set, {"key": key}, name=f"requirement_{key}")
        for key in ("registration", "education")
    ),
    path("education/<int:pk>/correct/", competence.education_correct, name="education_correct"),
    path("education/<int:pk>/proof/", competence.education_proof, name="education_proof"),
    path("witnessed/<int:pk>/correct/", competence.witnessed_correct, name="witnessed_correct"),
    path("authorisations/<int:pk>/revoke/", authorising.revoke, name="revoke"),
    path("qualifications/<int:pk>/correct/", authorising.qualification_correct, name="qualification_correct"),
    path("qualifications/<int:pk>/registrations/new/", authorising.registration_new, name="registration_new"),
    path("registrations/<int:pk>/correct/", authorising.registration_correct, name="registration_correct"),
    path("<str:username>/", people.person, name="person"),
    path("<str:username>/edit/", joining.person_edit, name="edit"),
    path("<str:username>/roles/", joining.roles, name="roles"),
    path("<str:username>/roles/end/", joining.role_end, name="role_end"),
    path("<str:username>/leave/", joining.leave, name="leave"),
    path("<str:username>/return/", joining.come_back, name="return"),
    path("<str:username>/link/", joining.link, name="link"),
    path("<str:username>/authorise/", authorising.authorise, name="authorise"),
    path("<str:username>/qualification/", authorising.qualify, name="qualify"),
    path("<str:username>/education/", competence.education_new, name="education_new"),
    path("<str:username>/witnessed/", competence.witnessed_new, name="witnessed_new"),
]
