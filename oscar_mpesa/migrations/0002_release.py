from typing import Any

from django.db import migrations, models


def look_at_open_orders(apps: Any, schema_editor: Any) -> None:
    """Orders from before are looked at when their time is over; what was paid is found and left alone then."""
    MpesaOrder = apps.get_model('oscar_mpesa', 'MpesaOrder')
    MpesaOrder.objects.filter(released_at=None).update(release_at=models.F('pay_before'))


class Migration(migrations.Migration):

    dependencies = [
        ('oscar_mpesa', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='mpesablockedphone',
            options={'ordering': ['-id'], 'permissions': [('block_phone', 'Can stop M-Pesa requests to a phone')], 'verbose_name': 'blocked phone', 'verbose_name_plural': 'blocked phones'},
        ),
        migrations.AlterModelOptions(
            name='mpesaorder',
            options={'ordering': ['-created_at'], 'permissions': [('release_order', 'Can release an unpaid M-Pesa order')], 'verbose_name': 'M-Pesa order', 'verbose_name_plural': 'M-Pesa orders'},
        ),
        migrations.AlterModelOptions(
            name='mpesareceipt',
            options={'ordering': ['-id'], 'permissions': [('apply_receipt', 'Can use M-Pesa money for an order'), ('record_receipt', 'Can record M-Pesa money found elsewhere'), ('record_return', 'Can record that M-Pesa money was returned'), ('explain_receipt', 'Can close M-Pesa money with a note')], 'verbose_name': 'M-Pesa receipt', 'verbose_name_plural': 'M-Pesa receipts'},
        ),
        migrations.AddField(
            model_name='mpesaorder',
            name='given_back',
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='mpesaorder',
            name='release_at',
            field=models.DateTimeField(blank=True, db_index=True, help_text='Moved on by whoever takes it up; empty where there is nothing to release.', null=True, verbose_name='looked at for release at'),
        ),
        migrations.AddField(
            model_name='mpesapayment',
            name='denied_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='Safaricom last said not paid at'),
        ),
        migrations.AddIndex(
            model_name='mpesaorder',
            index=models.Index(fields=['address', 'created_at'], name='mpesa_order_address'),
        ),
        migrations.RunPython(look_at_open_orders, migrations.RunPython.noop),
    ]
