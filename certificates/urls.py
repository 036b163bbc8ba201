from django.urls import path

from certificates import views

app_name = "certificates"
urlpatterns = [
    path("", views.listing, name="list"),
    path("approve/<str:number>/", views.approve, name="approve"),
    path("<str:number>/", views.detail, name="detail"),
    path("<str:number>/pdf/", views.download, name="download"),
    path("<str:number>/replace/", views.replace, name="replace"),
    path("<str:number>/withdraw/", views.withdraw, name="withdraw"),
]
