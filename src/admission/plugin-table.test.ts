import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
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
    ...{ randomSuffix: () => '', hasRights: () => false, maySign: () => false, identityOf: () => ({ commonName: '', organizations: [] }) },
  }).map(({ name }) => name)

test('pluginNames are the plug-ins, in their order', () => {
  assert.deepEqual(namesIn('secure', new Set(pluginNames)), pluginNames)
})

test('docs/admission.md lists every plug-in, when it is on and how it is switched off', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/admission.md'), 'utf8')
  const told: Record<string, string> = {}
  for (const [, names = '', on = '', off = ''] of text.matchAll(/^\| ([A-Z].*?) \| (\w.*?) \| (yes|with .*?) \|$/gm))
    for (const name of names.replace(/\([^()]*(?:\(.*?\))?\)/g, '').split(/,| and /)) told[name.trim()] = `${on}, ${off}`
  const secure = enabledPlugins('secure', {})
  const upstream = enabledPlugins('upstream', {})
  const isGuarded = (name: string) => {
    try {
      enabledPlugins('secure', { disable: [name] })
      return false
    } catch {
      return true
    }
  }
  const kept = pluginNames.flatMap(name => {
    const on = upstream.has(name) ? 'always' : secure.has(name) ? 'in the secure profile' : 'when asked for'
    const off = isGuarded(name) ? 'with `--insecure-disable-admission-plugins`' : 'yes'
    // Three plug-ins of upstream are one here, and are told of by upstream's names.
    const names = name === 'CertificateRequests' ? ['CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction'] : [name]
    return names.map(told => [told, `${on}, ${off}`])
  })
  assert.deepEqual(told, Object.fromEntries(kept))
})

test('enabledPlugins() follows the profile and the switches', () => {
  const secure = enabledPlugins('secure', {})
  const upstream = enabledPlugins('upstream', {})
  assert.deepEqual(
    [...secure].filter(name => !upstream.has(name)),
    [
      'NamespaceDefaults',
      'OperatingSystem',
      'PodSecurityRelaxation',
      'SystemPriority',
      'EventRateLimit',
      'DenyServiceExternalIPs',
      'APIServiceBackend',
      'PodSecurityDefaults',
    ],
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

test('PodSecurityDefaults runs behind all that change objects, so that what they add is filled in', () => {
  const place = (name: (typeof pluginNames)[number]) => pluginNames.indexOf(name)
  for (const name of ['MutatingAdmissionPolicy', 'MutatingAdmissionWebhook'] as const) assert.ok(place(name) < place('PodSecurityDefaults'))
})
