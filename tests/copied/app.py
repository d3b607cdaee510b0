"""What a request's button copies is sent here: see test_copied.py."""

from flask import Flask, abort, jsonify, redirect, request, session
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf

app = Flask(__name__)
app.config["SECRET_KEY"] = "of the test"
csrf = CSRFProtect(app)
PAGE = """<form method="post" action="/out/"><input type="hidden" name="next" value="no"></form>
<form method="post"><input id="csrf_token" name="csrf_token" type="hidden" value="{}">
<input type="hidden" name="next" value="/a?b=1&amp;c=&#34;é&#34;"><input name="user"></form>
<form action="/file/" method="POST"><input type="hidden" name="csrf_token" value="{}"></form>"""


@app.route("/in/", methods=["GET", "POST"])
def log_in():
    if request.method == "POST":
        session["user"] = request.form["user"]
        return redirect(request.form["next"])
    return PAGE.format(generate_csrf(), generate_csrf())


@app.get("/me/")
def me():
    return session.get("user", "nobody")


@app.post("/api/token/")
@csrf.exempt
def token():
    user = request.get_json()["user"]
    return jsonify(access=f"{user}.t-1_{'x' * 40}", id=7)


@app.get("/api/<int:number>/")
def api(number):
    if not request.headers.get("Authorization", "").startswith("Bearer ada.t-1_xxx"):
        abort(401)
    return jsonify(id=number, cost="$5")


@app.post("/echo/")
@csrf.exempt
def echo():
    return repr(request.get_data()), {"Content-Type": "text/plain"}


@app.post("/file/")
def file():
    sent = request.form["title"] + repr(request.files["file"].read())
    return sent, {"Content-Type": "text/plain"}
