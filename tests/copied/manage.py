"""The same project as `app.py`."""

import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    DEBUG=True,
    SECRET_KEY="of the test",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
)
PAGE = """<form method="post" action="/out/"><input type="hidden" name="next" value="no"></form>
<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{}">
<input type="hidden" name="next" value="/a?b=1&amp;c=&quot;é&quot;"><input name="user"></form>
<form action="/file/" method="POST"><input type="hidden" name="csrfmiddlewaretoken" value="{}">
</form>"""


def log_in(request):
    if request.method == "POST":
        request.session["user"] = request.POST["user"]
        return redirect(request.POST["next"])
    return HttpResponse(PAGE.format(get_token(request), get_token(request)))


def me(request):
    return HttpResponse(request.session.get("user", "nobody"))


@csrf_exempt
def token(request):
    import json

    user = json.loads(request.body)["user"]
    return JsonResponse({"access": f"{user}.t-1_{'x' * 40}", "id": 7})


def api(request, number):
    if not request.headers.get("Authorization", "").startswith("Bearer ada.t-1_xxx"):
        return HttpResponse(status=401)
    return JsonResponse({"id": number, "cost": "$5"})


@csrf_exempt
def echo(request):
    return HttpResponse(repr(request.body), content_type="text/plain")


def file(request):
    sent = request.POST["title"] + repr(request.FILES["file"].read())
    return HttpResponse(sent, content_type="text/plain")


urlpatterns = [
    path("in/", log_in),
    path("me/", me),
    path("api/token/", token),
    path("api/<int:number>/", api),
    path("echo/", echo),
    path("file/", file),
]
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
