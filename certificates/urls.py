from django.urls import path

from certificates.views import archive, bulk, certificate, evidence, recalls, supplements

app_name = "certificates"
urlpatterns = [
    path("", certificate.listing, name="list"),
    path("archive/", archive.places, name="places"),
    path("archive/<int:organisation>/", archive.download, name="archive"),
    path("archive/<int:organisation>/<int:site>/", archive.download, name="archive"),
    path("approve/<str:number>/", certificate.approve, name="approve"),
    path("bulk/", bulk.choose, name="bulk"),
    path("bulk/ticked/", bulk.approve_many, name="approve_many"),
    path("bulk/<int:pk>/", bulk.run, name="bulk_run"),
    path("bulk/<int:pk>/cancel/", bulk.cancel, name="bulk_cancel"),
    path("recalls/", recalls.recalls, name="recalls"),
    path("<str:number>/", certificate.detail, name="detail"),
    path("<str:number>/correct/", certificate.correct, name="correct"),
    path("<str:number>/evidence/", evidence.download, name="evidence"),
    path("<str:number>/keep/", certificate.keep, name="keep"),
    path("<str:number>/pdf/", certificate.download, name="download"),
    path("<str:number>/reissue/", certificate.reissue, name="reissue"),
    path("<str:number>/replace/", certificate.replace, name="replace"),
    path("<str:number>/supplements/", supplements.draft, name="supplement_draft"),
    path("<str:number>/supplements/<int:pk>/", supplements.supplement, name="supplement"),
    path("<str:number>/void/", certificate.void, name="void"),
    path("<str:number>/withdraw/", certificate.withdraw, name="withdraw"),
]
