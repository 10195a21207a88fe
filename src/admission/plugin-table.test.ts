import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeFeed, noPolicies, readerOf } from './admission.fixture.ts'
import { enabledPlugins, pluginNames } from './plugin-table.ts'
import { admissionPlugins } from './plugins/index.ts'
import { QuotaLedger } from './quota/ledger.ts'

const feed = new FakeFeed()
const namesIn = (profile: 'secure' | 'upstream', enabled: ReadonlySet<string>) =>
  admissionPlugins({
    ...noPolicies(readerOf({})),
    ...{ reader: readerOf({}), feed, ledger: new QuotaLedger({ feed, now: () => 0 }), now: () => 0, profile, enabled },
    ...{ randomSuffix: () => '', hasRights: () => false, maySign: () => false, organizationsOf: () => [] },
  }).map(({ name }) => name)

test('pluginNames are the plug-ins, in their order', () => {
  assert.deepEqual(namesIn('secure', new Set(pluginNames)), pluginNames)
})

test('enabledPlugins() follows the profile and the switches', () => {
  const secure = enabledPlugins('secure', {})
  const upstream = enabledPlugins('upstream', {})
  assert.deepEqual(
    [...secure].filter(name => !upstream.has(name)),
    ['NamespaceDefaults', 'SystemPriority', 'EventRateLimit', 'DenyServiceExternalIPs', 'APIServiceBackend'],
  )
  assert.deepEqual(
    namesIn('upstream', upstream),
    [...pluginNames].filter(name => upstream.has(name)),
  )
  assert.ok(enabledPlugins('secure', { enable: ['PodNodeSelector'] }).has('PodNodeSelector'))
  assert.ok(!enabledPlugins('secure', { disable: ['DefaultStorageClass'] }).has('DefaultStorageClass'))
  assert.ok(!enabledPlugins('upstream', { disable: ['CertificateSigning'] }).has('CertificateRequests'))
})

test('enabledPlugins() gives up a protection of the secure profile only where that is said', () => {
  assert.throws(
    () => enabledPlugins('secure', { disable: ['PodSecurity'] }),
    /^UserError: disableAdmissionPlugins: "PodSecurity" is a protection/,
  )
  assert.ok(!enabledPlugins('secure', { insecureDisable: ['PodSecurity'] }).has('PodSecurity'))
  assert.ok(!enabledPlugins('upstream', { disable: ['PodSecurity'] }).has('PodSecurity'))
  assert.throws(
    () => enabledPlugins('secure', { enable: ['Nothing'] }),
    /enableAdmissionPlugins: unknown admission plug-in "Nothing"; known are/,
  )
  assert.throws(() => enabledPlugins('secure', { enable: ['Priority'], insecureDisable: ['Priority'] }), /is in enableAdmissionPlugins too/)
})
