"""Create all tables."""

import django.db.models.deletion
import oscar_mpesa.models.fields
import oscar_mpesa.models.payments
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('order', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MpesaAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('reserved_at', models.DateTimeField(blank=True, null=True)),
                ('notified_at', models.DateTimeField(blank=True, null=True, verbose_name='notified at')),
            ],
            options={
                'verbose_name': 'M-PESA alert',
                'verbose_name_plural': 'M-PESA alerts',
                'ordering': ['key'],
            },
        ),
        migrations.CreateModel(
            name='MpesaJobRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.CharField(max_length=32, unique=True)),
                ('last_run_at', models.DateTimeField(verbose_name='last seen at')),
            ],
            options={
                'verbose_name': 'M-PESA job run',
                'verbose_name_plural': 'M-PESA job runs',
                'ordering': ['job'],
            },
        ),
        migrations.CreateModel(
            name='MpesaOrder',
            fields=[
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='mpesa', serialize=False, to='order.order', verbose_name='order')),
                ('public_id', models.CharField(default=oscar_mpesa.models.fields.new_public_id, editable=False, max_length=32, unique=True, verbose_name='public id')),
                ('environment', oscar_mpesa.models.fields.EnvironmentField()),
                ('language', models.CharField(blank=True, help_text="The shopper's, for emails.", max_length=16, verbose_name='language')),
                ('session_digest', models.CharField(blank=True, db_index=True, max_length=64)),
                ('address', models.GenericIPAddressField(blank=True, null=True, verbose_name='address')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('pay_before', models.DateTimeField(db_index=True, verbose_name='pay before')),
                ('close_check_at', models.DateTimeField(blank=True, db_index=True, help_text='Moved forward while a worker handles the order; empty when there is nothing to close.', null=True, verbose_name='next closure check at')),
                ('pay_later_at', models.DateTimeField(blank=True, null=True, verbose_name='pays later since')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed at')),
                ('close_reason', models.CharField(blank=True, choices=[('expired', 'no payment in time'), ('unconfirmed', 'no payment in time, and Safaricom gave no answer'), ('staff', 'by staff'), ('other_method', 'the shopper chose another way to pay')], max_length=16, verbose_name='close reason')),
                ('stock_snapshot', models.JSONField(blank=True, default=dict, editable=False)),
                ('basket_restored_at', models.DateTimeField(blank=True, null=True, verbose_name='returned to basket at')),
                ('result_seen_at', models.DateTimeField(blank=True, null=True, verbose_name='result shown to shopper at')),
            ],
            options={
                'verbose_name': 'M-PESA order',
                'verbose_name_plural': 'M-PESA orders',
                'ordering': ['-created_at'],
                'permissions': [('close_order', 'Can close an unpaid M-PESA order')],
                'indexes': [models.Index(fields=['address', 'created_at'], name='mpesa_order_address')],
            },
        ),
        migrations.CreateModel(
            name='MpesaPayment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('live_order', models.PositiveBigIntegerField(blank=True, editable=False, null=True, unique=True)),
                ('secret', models.CharField(default=oscar_mpesa.models.payments.new_secret, editable=False, max_length=64, unique=True)),
                ('phone', models.CharField(db_index=True, max_length=12, verbose_name='phone')),
                ('amount', models.PositiveIntegerField(verbose_name='amount in whole shillings')),
                ('rounding', models.DecimalField(decimal_places=2, default=0, max_digits=6, verbose_name='rounding')),
                ('status', models.CharField(choices=[('pending', 'not sent yet'), ('processing', 'waiting for the phone'), ('completed', 'paid'), ('failed', 'failed'), ('cancelled', 'canceled on the phone'), ('expired', 'no answer')], default='pending', max_length=12, verbose_name='status')),
                ('on_hold', models.BooleanField(default=False, verbose_name="on hold for a person's decision")),
                ('shortcode', models.CharField(blank=True, max_length=16, verbose_name='short code')),
                ('till', models.CharField(blank=True, max_length=16, verbose_name='till')),
                ('environment', oscar_mpesa.models.fields.EnvironmentField()),
                ('merchant_request_id', models.CharField(blank=True, max_length=128)),
                ('checkout_request_id', models.CharField(blank=True, max_length=128, null=True, unique=True)),
                ('result_code', models.CharField(blank=True, max_length=64, verbose_name='result code')),
                ('result_description', oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name="result in Safaricom's words")),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(db_index=True, verbose_name='created at')),
                ('push_sent_at', models.DateTimeField(blank=True, null=True, verbose_name='STK push sent at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ('completed_at', models.DateTimeField(blank=True, null=True, verbose_name='completed at')),
                ('next_query_at', models.DateTimeField(blank=True, null=True, verbose_name='next status check at')),
                ('callback_query_at', models.DateTimeField(blank=True, null=True)),
                ('not_paid_at', models.DateTimeField(blank=True, null=True, verbose_name='Safaricom last said not paid at')),
                ('query_count', models.PositiveSmallIntegerField(default=0, verbose_name='status checks')),
                ('practice_seen_at', models.DateTimeField(blank=True, null=True)),
                ('practice_answer', models.CharField(blank=True, max_length=8)),
                ('mpesa_order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='oscar_mpesa.mpesaorder', verbose_name='order')),
            ],
            options={
                'verbose_name': 'M-PESA payment',
                'verbose_name_plural': 'M-PESA payments',
                'ordering': ['-id'],
                'permissions': [('view_full_phone', 'Can see phone numbers in full'), ('act_on_payment', "Can check a payment's status and send a new prompt"), ('export_payments', 'Can export M-PESA payments and money')],
            },
        ),
        migrations.CreateModel(
            name='MpesaCallback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.BinaryField()),
                ('address', models.GenericIPAddressField(blank=True, null=True, verbose_name='address')),
                ('received_at', models.DateTimeField(db_index=True, verbose_name='received at')),
                ('environment', oscar_mpesa.models.fields.EnvironmentField()),
                ('verdict', models.CharField(choices=[('received', 'received'), ('failed', 'not processed yet'), ('applied', 'accepted'), ('no_change', 'changed nothing'), ('duplicate', 'duplicate'), ('mismatch', 'wrong amount'), ('unverified', 'not verified'), ('unmatched', 'about another payment'), ('unreadable', 'unreadable')], default='received', max_length=12, verbose_name='result')),
                ('reason', models.CharField(blank=True, choices=[('crashed', "an error in the shop's own code"), ('not_json', 'not JSON'), ('not_an_object', 'not a JSON object'), ('not_a_list', 'not a list'), ('not_text', 'neither text nor number'), ('not_a_number', 'not a usable number'), ('too_long', 'too long'), ('missing', 'missing')], max_length=16, verbose_name='reason')),
                ('detail', oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name='detail')),
                ('suppressed', models.PositiveIntegerField(default=0, verbose_name='more like it, not stored')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='callbacks', to='oscar_mpesa.mpesapayment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'M-PESA callback',
                'verbose_name_plural': 'M-PESA callbacks',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='MpesaBlockedPhone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phone', models.CharField(max_length=12, unique=True, verbose_name='phone')),
                ('note', models.TextField(blank=True, verbose_name='note')),
                ('by_name', models.CharField(blank=True, max_length=150, verbose_name='by')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='oscar_mpesa.mpesapayment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'blocked phone',
                'verbose_name_plural': 'blocked phones',
                'ordering': ['-id'],
                'permissions': [('block_phone', 'Can block M-PESA prompts to a phone')],
            },
        ),
        migrations.CreateModel(
            name='MpesaApiCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('endpoint', models.CharField(max_length=16, verbose_name='endpoint')),
                ('environment', oscar_mpesa.models.fields.EnvironmentField()),
                ('shortcode', models.CharField(max_length=16, verbose_name='short code')),
                ('http_status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='HTTP status')),
                ('milliseconds', models.PositiveIntegerField(verbose_name='milliseconds')),
                ('request', models.JSONField(default=dict, verbose_name='request')),
                ('reply', models.JSONField(default=dict, verbose_name='reply')),
                ('error_kind', models.CharField(blank=True, choices=[('unreachable', 'unreachable'), ('unreadable', 'unreadable answer'), ('refused', 'refused by Safaricom'), ('busy', 'Safaricom is busy'), ('misconfigured', 'wrong settings'), ('token_rejected', 'token rejected'), ('shortcode_rejected', 'short code rejected'), ('passkey_rejected', 'passkey rejected'), ('product_missing', 'M-PESA Express is not enabled')], max_length=20, verbose_name='error')),
                ('error', oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name='error message')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='api_calls', to='oscar_mpesa.mpesapayment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'M-PESA API call',
                'verbose_name_plural': 'M-PESA API calls',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='MpesaReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(blank=True, max_length=32, null=True, verbose_name='M-PESA code')),
                ('environment', oscar_mpesa.models.fields.EnvironmentField()),
                ('awaiting_number', models.PositiveBigIntegerField(blank=True, editable=False, null=True, unique=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='amount')),
                ('paid_at', models.DateTimeField(verbose_name='paid at')),
                ('payer', models.CharField(blank=True, max_length=128, verbose_name='name on M-PESA')),
                ('source', models.CharField(choices=[('callback', "Safaricom's callback"), ('query', "Safaricom's answer to a status check"), ('paybill', 'paybill confirmation'), ('statement', 'statement'), ('staff', 'staff, by hand')], max_length=12, verbose_name='source')),
                ('allocation', models.CharField(choices=[('applied', 'matched to an order'), ('surplus', 'overpaid'), ('unallocated', 'unmatched'), ('mismatch', 'wrong amount'), ('returned', 'refunded'), ('explained', 'resolved with a note')], max_length=12, verbose_name='allocation')),
                ('allocated_at', models.DateTimeField(verbose_name='allocated at')),
                ('allocated_by_name', models.CharField(blank=True, max_length=150, verbose_name='allocated by')),
                ('booked_at', models.DateTimeField(blank=True, null=True, verbose_name='posted on')),
                ('reason', models.CharField(blank=True, choices=[('order_paid', 'the order is already paid'), ('order_closed', 'the order was closed'), ('sold_out', 'the order was closed, and its items are not all in stock'), ('test_money', 'test money in a shop that takes real money'), ('books_failed', "the shop's own code failed"), ('wrong_amount', "another amount than the payment's arrived"), ('wrong_total', "another amount than the order's total arrived"), ('code_of_other_order', 'its M-PESA code belongs to another order'), ('same_money', 'it is the same money as another row')], max_length=32, verbose_name='reason')),
                ('error', oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name='posting error')),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('returned_at', models.DateTimeField(blank=True, null=True, verbose_name='refunded at')),
                ('returned_amount', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='refunded amount')),
                ('returned_reference', models.CharField(blank=True, max_length=128, verbose_name='refund reference')),
                ('note', models.TextField(blank=True, verbose_name='note')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('allocated_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mpesa_receipts', to='order.order', verbose_name='order')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='oscar_mpesa.mpesapayment', verbose_name='payment')),
                ('same_as', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='oscar_mpesa.mpesareceipt', verbose_name='same money as')),
            ],
            options={
                'verbose_name': 'M-PESA receipt',
                'verbose_name_plural': 'M-PESA receipts',
                'ordering': ['-id'],
                'permissions': [('apply_receipt', 'Can match M-PESA money to an order'), ('record_receipt', 'Can record an M-PESA payment'), ('record_return', 'Can record an M-PESA refund'), ('explain_receipt', 'Can resolve M-PESA money with a note')],
            },
        ),
        migrations.CreateModel(
            name='MpesaOutboxMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('order_paid', "the shop's code: the order is paid"), ('payment_failed', "the shop's code: the payment failed"), ('receipt_unmatched', "the shop's code: unmatched money arrived"), ('paid_email', 'email: the order is paid'), ('failed_email', 'email: the payment failed'), ('pay_later_email', 'email: the shopper pays later'), ('closed_email', 'email: the order is closed'), ('unmatched_email', 'email: unmatched money arrived')], max_length=24, verbose_name='kind')),
                ('key', models.CharField(max_length=40, unique=True)),
                ('due_at', models.DateTimeField(verbose_name='due at')),
                ('reserved_at', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='done at')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('error', oscar_mpesa.models.fields.OutsideTextField(blank=True, verbose_name='error')),
                ('mpesa_order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outbox_messages', to='oscar_mpesa.mpesaorder', verbose_name='order')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outbox_messages', to='oscar_mpesa.mpesapayment', verbose_name='payment')),
                ('receipt', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outbox_messages', to='oscar_mpesa.mpesareceipt', verbose_name='receipt')),
            ],
            options={
                'verbose_name': 'M-PESA notification',
                'verbose_name_plural': 'M-PESA notifications',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='MpesaEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(choices=[('payment_settled', 'Payment ended'), ('update_ignored', 'An update changed nothing'), ('update_not_verified', 'An update could not be verified'), ('query_requested', 'Status check requested'), ('query_unanswered', 'The status check got no answer'), ('push_requested', 'Prompt requested'), ('push_unanswered', 'Safaricom did not answer; the prompt may be on the phone'), ('push_id_repeated', 'Safaricom repeated the id of another payment'), ('callback_reprocessed', 'Callback processed again'), ('order_closed', 'Order closed'), ('order_reopened', 'Order reopened, because money arrived'), ('order_canceled_paid', 'Order canceled after it was paid'), ('basket_restored', 'Items put back in the basket'), ('result_unknown', 'Safaricom never sent the result of a prompt'), ('pay_later_chosen', 'The customer pays later'), ('phone_blocked', 'No more prompts to this number'), ('phone_unblocked', 'Prompts to this number are allowed again'), ('receipt_unmatched', 'Money waits for a decision'), ('receipt_matched', 'Money matched to an order'), ('receipt_resolved', 'Money resolved with a note'), ('receipt_recorded', 'Payment recorded by hand'), ('receipt_duplicated', 'The same money was reported twice'), ('receipt_code_added', 'M-PESA code added'), ('receipt_code_conflict', 'M-PESA code of another payment'), ('receipt_amount_conflict', 'Safaricom reported another amount'), ('refund_recorded', 'Refund recorded')], max_length=32, verbose_name='type')),
                ('params', models.JSONField(blank=True, default=dict, verbose_name='details')),
                ('by_name', models.CharField(blank=True, max_length=150, verbose_name='by')),
                ('created_at', models.DateTimeField(db_index=True, verbose_name='created at')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mpesa_order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='oscar_mpesa.mpesaorder', verbose_name='order')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='oscar_mpesa.mpesapayment', verbose_name='payment')),
                ('receipt', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='oscar_mpesa.mpesareceipt', verbose_name='receipt')),
            ],
            options={
                'verbose_name': 'M-PESA event',
                'verbose_name_plural': 'M-PESA events',
                'ordering': ['id'],
            },
        ),
        migrations.AddIndex(
            model_name='mpesapayment',
            index=models.Index(fields=['status', 'next_query_at'], name='mpesa_payment_next_query'),
        ),
        migrations.AddIndex(
            model_name='mpesapayment',
            index=models.Index(fields=['environment', 'status', 'created_at'], name='mpesa_payment_filter'),
        ),
        migrations.AddIndex(
            model_name='mpesapayment',
            index=models.Index(fields=['environment', 'created_at'], name='mpesa_payment_environment'),
        ),
        migrations.AddIndex(
            model_name='mpesapayment',
            index=models.Index(fields=['status', 'created_at'], name='mpesa_payment_status'),
        ),
        migrations.AddIndex(
            model_name='mpesapayment',
            index=models.Index(fields=['amount', 'created_at'], name='mpesa_payment_amount'),
        ),
        migrations.AddIndex(
            model_name='mpesacallback',
            index=models.Index(fields=['verdict', 'received_at'], name='mpesa_callback_verdict'),
        ),
        migrations.AddIndex(
            model_name='mpesaapicall',
            index=models.Index(fields=['shortcode', 'endpoint', 'created_at'], name='mpesa_call_budget'),
        ),
        migrations.AddIndex(
            model_name='mpesareceipt',
            index=models.Index(fields=['allocation', 'created_at'], name='mpesa_receipt_sort_out'),
        ),
        migrations.AddIndex(
            model_name='mpesareceipt',
            index=models.Index(fields=['environment', 'paid_at'], name='mpesa_receipt_paid_at'),
        ),
        migrations.AddIndex(
            model_name='mpesareceipt',
            index=models.Index(fields=['paid_at', 'id'], name='mpesa_receipt_list'),
        ),
        migrations.AddIndex(
            model_name='mpesareceipt',
            index=models.Index(fields=['allocation', 'paid_at', 'id'], name='mpesa_receipt_allocation'),
        ),
        migrations.AddIndex(
            model_name='mpesareceipt',
            index=models.Index(fields=['amount', 'paid_at', 'id'], name='mpesa_receipt_amount'),
        ),
        migrations.AddConstraint(
            model_name='mpesareceipt',
            constraint=models.UniqueConstraint(fields=('environment', 'number'), name='mpesa_receipt_once'),
        ),
        migrations.AddIndex(
            model_name='mpesaoutboxmessage',
            index=models.Index(fields=['delivered_at', 'due_at'], name='mpesa_outbox_pending'),
        ),
        migrations.AddIndex(
            model_name='mpesaevent',
            index=models.Index(fields=['type', 'created_at'], name='mpesa_event_type'),
        ),
    ]
