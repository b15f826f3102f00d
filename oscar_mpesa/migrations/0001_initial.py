"""All rows, from the start."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import oscar_mpesa.models.fields
import oscar_mpesa.models.payments


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("order", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MpesaOrder",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="mpesa",
                        serialize=False,
                        to="order.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=oscar_mpesa.models.fields.new_public_id,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="public id",
                    ),
                ),
                ("environment", oscar_mpesa.models.fields.EnvironmentField()),
                (
                    "language",
                    models.CharField(
                        blank=True, help_text="The shopper's, for mails.", max_length=16, verbose_name="language"
                    ),
                ),
                ("session_digest", models.CharField(blank=True, db_index=True, max_length=64)),
                ("address", models.GenericIPAddressField(blank=True, null=True, verbose_name="address")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("pay_before", models.DateTimeField(db_index=True, verbose_name="pay before")),
                ("paying_later_at", models.DateTimeField(blank=True, null=True, verbose_name="pays later since")),
                ("released_at", models.DateTimeField(blank=True, null=True, verbose_name="released at")),
                (
                    "release_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("overdue", "no payment in time"),
                            ("unasked", "no payment in time, and Safaricom gave no answer"),
                            ("staff", "cancelled by staff"),
                            ("other-method", "the shopper chose another way to pay"),
                        ],
                        max_length=16,
                        verbose_name="released because",
                    ),
                ),
                ("restored_at", models.DateTimeField(blank=True, null=True, verbose_name="given back to a basket at")),
                ("handed_over_at", models.DateTimeField(blank=True, null=True, verbose_name="shopper saw the end at")),
            ],
            options={
                "verbose_name": "M-Pesa order",
                "verbose_name_plural": "M-Pesa orders",
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="MpesaBlockedPhone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone", models.CharField(max_length=12, unique=True, verbose_name="phone")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("by_name", models.CharField(blank=True, max_length=150, verbose_name="by")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "blocked phone",
                "verbose_name_plural": "blocked phones",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="MpesaPayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("live_order", models.PositiveBigIntegerField(blank=True, editable=False, null=True, unique=True)),
                (
                    "secret",
                    models.CharField(
                        default=oscar_mpesa.models.payments.new_secret, editable=False, max_length=64, unique=True
                    ),
                ),
                ("phone", models.CharField(db_index=True, max_length=12, verbose_name="phone")),
                ("amount", models.PositiveIntegerField(verbose_name="amount in whole shillings")),
                ("rounding", models.DecimalField(decimal_places=2, default=0, max_digits=6, verbose_name="rounding")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "not sent yet"),
                            ("processing", "waiting for the phone"),
                            ("completed", "paid"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled on the phone"),
                            ("expired", "no answer"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("held", models.BooleanField(default=False, verbose_name="held for a person's decision")),
                ("shortcode", models.CharField(blank=True, max_length=16, verbose_name="short code")),
                ("till", models.CharField(blank=True, max_length=16, verbose_name="till")),
                ("environment", oscar_mpesa.models.fields.EnvironmentField()),
                ("merchant_request_id", models.CharField(blank=True, max_length=128)),
                ("checkout_request_id", models.CharField(blank=True, max_length=128, null=True, unique=True)),
                ("result_code", models.CharField(blank=True, max_length=64, verbose_name="result code")),
                (
                    "result_description",
                    oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name="result in Safaricom's words"),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(db_index=True, verbose_name="created at")),
                ("prompted_at", models.DateTimeField(blank=True, null=True, verbose_name="prompted at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("completed_at", models.DateTimeField(blank=True, null=True, verbose_name="completed at")),
                ("next_question_at", models.DateTimeField(blank=True, null=True, verbose_name="next question at")),
                ("nudged_at", models.DateTimeField(blank=True, null=True)),
                ("questions_asked", models.PositiveSmallIntegerField(default=0, verbose_name="questions asked")),
                ("handset_seen_at", models.DateTimeField(blank=True, null=True)),
                ("handset_answer", models.CharField(blank=True, max_length=8)),
                (
                    "mpesa_order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="oscar_mpesa.mpesaorder",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "M-Pesa payment",
                "verbose_name_plural": "M-Pesa payments",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="MpesaCallback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("body", models.BinaryField()),
                ("address", models.GenericIPAddressField(blank=True, null=True, verbose_name="address")),
                ("received_at", models.DateTimeField(db_index=True, verbose_name="received at")),
                ("environment", oscar_mpesa.models.fields.EnvironmentField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("failed", "could not be worked through yet"),
                            ("applied", "changed the payment"),
                            ("no_change", "changed nothing"),
                            ("duplicate", "said before"),
                            ("mismatch", "another amount"),
                            ("unverified", "without the payment's secret"),
                            ("unmatched", "about another request"),
                            ("unreadable", "unreadable"),
                        ],
                        default="received",
                        max_length=12,
                        verbose_name="verdict",
                    ),
                ),
                ("reason", oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name="why")),
                ("suppressed", models.PositiveIntegerField(default=0, verbose_name="more like it, not stored")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("next_try_at", models.DateTimeField(blank=True, null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="callbacks",
                        to="oscar_mpesa.mpesapayment",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "verbose_name": "M-Pesa callback",
                "verbose_name_plural": "M-Pesa callbacks",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="MpesaCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("endpoint", models.CharField(max_length=16, verbose_name="endpoint")),
                ("environment", oscar_mpesa.models.fields.EnvironmentField()),
                ("shortcode", models.CharField(max_length=16, verbose_name="short code")),
                ("http_status", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="HTTP status")),
                ("milliseconds", models.PositiveIntegerField(verbose_name="milliseconds")),
                ("request", models.JSONField(default=dict, verbose_name="request")),
                ("reply", models.JSONField(default=dict, verbose_name="reply")),
                ("error", oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name="error")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="oscar_mpesa.mpesapayment",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "verbose_name": "M-Pesa call",
                "verbose_name_plural": "M-Pesa calls",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="MpesaReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(blank=True, max_length=32, null=True, verbose_name="M-PESA code")),
                ("environment", oscar_mpesa.models.fields.EnvironmentField()),
                ("awaiting_number", models.PositiveBigIntegerField(blank=True, editable=False, null=True, unique=True)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, verbose_name="amount")),
                ("paid_at", models.DateTimeField(verbose_name="paid at")),
                ("payer", models.CharField(blank=True, max_length=128, verbose_name="payer as told")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("callback", "Safaricom's callback"),
                            ("query", "Safaricom's answer to our question"),
                            ("paybill", "paybill confirmation"),
                            ("statement", "statement"),
                            ("staff", "staff, by hand"),
                        ],
                        max_length=12,
                        verbose_name="source",
                    ),
                ),
                (
                    "allocation",
                    models.CharField(
                        choices=[
                            ("applied", "used for an order"),
                            ("surplus", "paid twice"),
                            ("unallocated", "no order"),
                            ("mismatch", "other amount"),
                            ("returned", "returned"),
                            ("explained", "closed with a note"),
                        ],
                        max_length=12,
                        verbose_name="allocation",
                    ),
                ),
                ("allocated_at", models.DateTimeField(verbose_name="allocated at")),
                ("allocated_by_name", models.CharField(blank=True, max_length=150, verbose_name="allocated by")),
                ("booked_at", models.DateTimeField(blank=True, null=True, verbose_name="in the shop's books since")),
                ("reason", models.CharField(blank=True, max_length=255, verbose_name="why")),
                ("error", oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name="error of the books")),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("returned_at", models.DateTimeField(blank=True, null=True, verbose_name="returned at")),
                (
                    "returned_amount",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=12, null=True, verbose_name="returned amount"
                    ),
                ),
                (
                    "returned_reference",
                    models.CharField(blank=True, max_length=128, verbose_name="reference of the return"),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                (
                    "allocated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mpesa_receipts",
                        to="order.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="oscar_mpesa.mpesapayment",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "verbose_name": "M-Pesa receipt",
                "verbose_name_plural": "M-Pesa receipts",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="MpesaEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=64, verbose_name="what")),
                ("before", models.CharField(blank=True, max_length=64, verbose_name="from")),
                ("after", models.CharField(blank=True, max_length=64, verbose_name="to")),
                ("why", oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name="why")),
                ("by_name", models.CharField(blank=True, max_length=150, verbose_name="by")),
                ("created_at", models.DateTimeField(db_index=True, verbose_name="created at")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "mpesa_order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="oscar_mpesa.mpesaorder",
                        verbose_name="order",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="oscar_mpesa.mpesapayment",
                        verbose_name="payment",
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="oscar_mpesa.mpesareceipt",
                        verbose_name="receipt",
                    ),
                ),
            ],
            options={
                "verbose_name": "M-Pesa event",
                "verbose_name_plural": "M-Pesa events",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="MpesaDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("order_paid", "the shop's code: the order is paid"),
                            ("payment_failed", "the shop's code: an attempt failed"),
                            ("money_astray", "the shop's code: money arrived that no order took"),
                            ("paid_mail", "mail: the order is paid"),
                            ("failed_mail", "mail: the payment failed"),
                            ("closed_mail", "mail: the order is closed"),
                            ("astray_mail", "mail: money came anyway"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("about", models.CharField(max_length=40, unique=True)),
                ("due_at", models.DateTimeField(verbose_name="due at")),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("error", oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name="error")),
                (
                    "mpesa_order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dues",
                        to="oscar_mpesa.mpesaorder",
                        verbose_name="order",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dues",
                        to="oscar_mpesa.mpesapayment",
                        verbose_name="payment",
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dues",
                        to="oscar_mpesa.mpesareceipt",
                        verbose_name="receipt",
                    ),
                ),
            ],
            options={
                "verbose_name": "M-Pesa message due",
                "verbose_name_plural": "M-Pesa messages due",
                "ordering": ["id"],
            },
        ),
        migrations.AddIndex(
            model_name="mpesapayment",
            index=models.Index(fields=["status", "next_question_at"], name="mpesa_pay_question"),
        ),
        migrations.AddIndex(
            model_name="mpesapayment",
            index=models.Index(fields=["environment", "status", "created_at"], name="mpesa_pay_filter"),
        ),
        migrations.AddIndex(
            model_name="mpesacallback",
            index=models.Index(fields=["verdict", "received_at"], name="mpesa_callback_verdict"),
        ),
        migrations.AddIndex(
            model_name="mpesacall",
            index=models.Index(fields=["shortcode", "endpoint", "created_at"], name="mpesa_call_budget"),
        ),
        migrations.AddIndex(
            model_name="mpesareceipt",
            index=models.Index(fields=["allocation", "created_at"], name="mpesa_receipt_sort_out"),
        ),
        migrations.AddIndex(
            model_name="mpesareceipt",
            index=models.Index(fields=["environment", "paid_at"], name="mpesa_receipt_paid_at"),
        ),
        migrations.AddConstraint(
            model_name="mpesareceipt",
            constraint=models.UniqueConstraint(fields=("environment", "number"), name="mpesa_receipt_once"),
        ),
        migrations.AddIndex(
            model_name="mpesadue",
            index=models.Index(fields=["done_at", "due_at"], name="mpesa_due_undone"),
        ),
    ]
