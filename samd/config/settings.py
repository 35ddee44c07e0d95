"""Settings from the environment; the defaults run the whole device on one machine without a server.

Every variable is listed in deploy/env.example. A value that makes no sense stops the start, loudly.
"""

import logging
import secrets
from datetime import timedelta
from pathlib import Path

import environ
from kombu import Queue

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parents[2]

# Where everything that must be kept lives: database, received files, results, models, keys.
SAMD_HOME = Path(env.str("SAMD_HOME", default=str(BASE_DIR / "var"))).resolve()
SAMD_HOME.mkdir(parents=True, exist_ok=True)

SAMD_STORE = SAMD_HOME / "store"
SAMD_RESULTS = SAMD_HOME / "results"
SAMD_PREVIEWS = SAMD_HOME / "previews"
SAMD_MODELS = SAMD_HOME / "models"
SAMD_TRUST = SAMD_HOME / "trust"
# The data sets of validations, a folder each; and what the shipped ones are made from.
SAMD_VALIDATION_SETS = env.str("SAMD_VALIDATION_SETS", default="") or str(SAMD_HOME / "validation" / "sets")
SAMD_VALIDATION_ORIGINALS = env.str("SAMD_VALIDATION_ORIGINALS", default="") or str(
    BASE_DIR.parent / "shared" / "data"
)
SAMD_WATCH_SECONDS = env.float("SAMD_WATCH_SECONDS", default=300.0)
SAMD_REFERENCE_BUNDLES = BASE_DIR / "samd" / "inference" / "bundles"

SAMD_AE_TITLE = env.str("SAMD_AE_TITLE", default="SAMD")
SAMD_DICOM_HOST = env.str("SAMD_DICOM_HOST", default="127.0.0.1")
SAMD_DICOM_PORT = env.int("SAMD_DICOM_PORT", default=11112)
SAMD_HTTP_HOST = env.str("SAMD_HTTP_HOST", default="127.0.0.1")
SAMD_HTTP_PORT = env.int("SAMD_HTTP_PORT", default=8000)

# Limits of the child process that decodes pixels.
SAMD_DECODE_MEMORY_MIB = env.int("SAMD_DECODE_MEMORY_MIB", default=2048)
SAMD_DECODE_SECONDS = env.float("SAMD_DECODE_SECONDS", default=30.0)  # a series, plus one for each instance

# A worker that dies is noticed when its lease ends; a living one renews it.
SAMD_LEASE_SECONDS = env.float("SAMD_LEASE_SECONDS", default=30.0)
SAMD_LONGEST_ATTEMPT_SECONDS = env.float("SAMD_LONGEST_ATTEMPT_SECONDS", default=1800.0)
SAMD_SWEEP_SECONDS = env.float("SAMD_SWEEP_SECONDS", default=0.5)
SAMD_HINT_AGAIN_SECONDS = env.float("SAMD_HINT_AGAIN_SECONDS", default=10.0)


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made at the first start and readable by its owner alone."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


# The trail. The key signs checkpoints: in production it belongs to the operating-system user of the
# sealing process alone, and the anchor file to yet another or to write-once storage.
AUDIT_KEY = Path(env.str("AUDIT_KEY", default="") or SAMD_HOME / "seal" / "key")
AUDIT_KEY_COMMAND = env.list("AUDIT_KEY_COMMAND", default=[])  # a program that signs in place of the file
AUDIT_ANCHOR_FILE = Path(env.str("AUDIT_ANCHOR_FILE", default="") or SAMD_HOME / "anchor" / "checkpoints")
# Who is shown each checkpoint: a time-stamping authority (RFC 3161) with the PEM file of the roots that it
# must lead to, and a witness (C2SP tlog-witness) with its key. None if empty.
AUDIT_TSA_URL = env.str("AUDIT_TSA_URL", default="")
AUDIT_TSA_ROOTS = env.str("AUDIT_TSA_ROOTS", default="")
AUDIT_WITNESS_URL = env.str("AUDIT_WITNESS_URL", default="")
AUDIT_WITNESS_KEY = env.str("AUDIT_WITNESS_KEY", default="")

# The hospital's audit repository (DICOM PS3.15 A.6, IHE ITI-20): syslog over TLS, certificates on both sides.
AUDIT_SYSLOG_HOST = env.str("AUDIT_SYSLOG_HOST", default="")  # empty: there is none
AUDIT_SYSLOG_PORT = env.int("AUDIT_SYSLOG_PORT", default=6514)
AUDIT_SYSLOG_CA = env.str("AUDIT_SYSLOG_CA", default="")
AUDIT_SYSLOG_CERT = env.str("AUDIT_SYSLOG_CERT", default="")
AUDIT_SYSLOG_KEY = env.str("AUDIT_SYSLOG_KEY", default="")
AUDIT_SYSLOG_MSGID = env.str("AUDIT_SYSLOG_MSGID", default="IHE+RFC-3881")
AUDIT_SYSLOG_ENTERPRISE = env.int("AUDIT_SYSLOG_ENTERPRISE", default=32473)
AUDIT_SITE = env.str("AUDIT_SITE", default="")
AUDIT_SOURCE = env.str("AUDIT_SOURCE", default=SAMD_AE_TITLE)
AUDIT_AE_TITLE = SAMD_AE_TITLE

# How long after its end the review of a month may stay without its approval.
SAMD_REVIEW_DAYS = env.int("SAMD_REVIEW_DAYS", default=14)

# The key that finds the surrogate of a patient; without it nothing leads from the trail to a person.
SAMD_SURROGATE_KEY = Path(env.str("SAMD_SURROGATE_KEY", default="") or SAMD_HOME / "surrogate_key")

SECRET_KEY = env.str("SECRET_KEY", default="") or _kept_secret(SAMD_HOME / "secret_key")
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{SAMD_HOME / 'samd.sqlite3'}")}
# Kept open, and opened anew when the server has gone away in between.
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Deferred transactions fail under two writers, and WAL with NORMAL loses commits at power loss.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "audit",
    "samd.records",
    "samd.console",  # before allauth, whose templates it replaces
    "axes",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "samd.accounts",
    "validation",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "samd.console.headers.response_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "samd.accounts.gate.ambient",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "samd.accounts.sessions.SessionLimit",
    "samd.accounts.gate.Gate",  # deny by default
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ROOT_URLCONF = "samd.config.urls"
WSGI_APPLICATION = "samd.config.wsgi.application"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "samd.accounts.passwords.NotUsedBefore"},
]
SAMD_PASSWORD_DAYS = env.int("SAMD_PASSWORD_DAYS", default=365)  # then it must be changed; 0: never

# SAMD_HTTPS says that a TLS proxy stands in front, as it must outside a demonstration on loopback.
SAMD_HTTPS = env.bool("SAMD_HTTPS", default=False)
# How many proxies of ours append to X-Forwarded-For: they tell from where somebody comes.
SAMD_PROXIES = env.int("SAMD_PROXIES", default=1 if SAMD_HTTPS else 0)
SESSION_COOKIE_NAME = "__Host-sessionid" if SAMD_HTTPS else "sessionid"
SESSION_COOKIE_SECURE = SAMD_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"  # single sign-on comes back from another site
CSRF_COOKIE_NAME = "__Host-csrftoken" if SAMD_HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = SAMD_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = SAMD_HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if SAMD_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SAMD_HTTPS else None
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
X_FRAME_OPTIONS = "DENY"

# Who somebody is: a password that axes lets be tried, then a second factor.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_ADAPTER = "samd.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_FORMS = {
    "login": "samd.accounts.forms.PasswordForm",
    "change_password": "samd.accounts.forms.NewPasswordForm",
}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # nothing is ever mailed

MFA_ADAPTER = "samd.accounts.factors.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_USER_VERIFICATION = "preferred"
MFA_FORMS = {
    "authenticate": "samd.accounts.forms.CodeForm",
    "reauthenticate": "samd.accounts.forms.CodeAgainForm",
    "authenticate_webauthn": "samd.accounts.forms.SecurityKeyForm",
}
SAMD_FACTOR_KEY = Path(env.str("SAMD_FACTOR_KEY", default="") or SAMD_HOME / "factor_key")

# Single sign-on (OpenID Connect), where an issuer is named. Whoever comes by it has no role at first.
SAMD_OIDC_ISSUER = env.str("SAMD_OIDC_ISSUER", default="")
SOCIALACCOUNT_ADAPTER = "samd.accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "hospital",
                "name": env.str("SAMD_OIDC_NAME", default="Single sign-on"),
                "client_id": env.str("SAMD_OIDC_CLIENT_ID", default=""),
                "secret": env.str("SAMD_OIDC_SECRET", default=""),
                "settings": {"server_url": SAMD_OIDC_ISSUER},
            }
        ]
        if SAMD_OIDC_ISSUER
        else [],
    }
}

# Five failures of one name from one workstation shut it out there for half an hour.
AXES_HANDLER = "samd.accounts.lockout.Handler"
AXES_FAILURE_LIMIT = 5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = timedelta(minutes=30)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "samd.accounts.lockout.key_of"
AXES_CLIENT_IP_CALLABLE = "samd.accounts.address.client_address"
AXES_LOCKOUT_CALLABLE = "samd.accounts.lockout.locked_page"
AXES_SENSITIVE_PARAMETERS = ["username", "login", "password", "code", "credential", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True  # the trail has it
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어")]
LOCALE_PATHS = [BASE_DIR / "samd" / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # served from where they lie: there is nothing to collect

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
CELERY_IMPORTS = ("samd.tasks", "validation.tasks")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ROUTES = {
    "samd.analyse": {"queue": "analysis"},
    "samd.*": {"queue": "routine"},
    "validation.*": {"queue": "validation"},
}
# A worker that names none takes all.
CELERY_TASK_QUEUES = [Queue("routine"), Queue("analysis"), Queue("validation")]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_POOL = "solo"  # CUDA does not survive a fork; one process for each device
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_DEFAULT_DELIVERY_MODE = 1  # a lost hint is harmless
if CELERY_BROKER_URL.startswith("filesystem://"):
    _broker = SAMD_HOME / "broker"
    for _folder in ("queue", "taken", "control"):
        (_broker / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "queue"),
        "data_folder_out": str(_broker / "queue"),
        "control_folder": str(_broker / "control"),
        "store_processed": False,
        "polling_interval": 0.2,
    }

DEFAULT_EXCEPTION_REPORTER = "samd.console.reporter.QuietReporter"
logging.raiseExceptions = False  # a line that cannot be written would be printed with the values of its fault
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "samd.console.reporter.QuietFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},  # no mail to anybody
        # These print identifiers and values of data sets.
        "pydicom": {"level": "CRITICAL"},
        "pynetdicom": {"level": "CRITICAL"},
        "highdicom": {"level": "CRITICAL"},
        "axes": {"level": "ERROR"},  # the trail says it
        "weasyprint": {"level": "ERROR"},  # tells of every page
        "fontTools": {"level": "ERROR"},
        "kombu.connection": {"level": "ERROR"},  # the file system has no host name, and it says so
    },
}
