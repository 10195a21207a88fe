import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enabledPlugins } from './enabled-plugins.ts'
import { plugins } from './plugins/index.ts'
import { pluginsOf } from './plugins.fixture.ts'

const pluginNames = plugins.map(({ name }) => name)

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
      'APIServerEndpoints',
      'APIServiceBackend',
      'PodSecurityDefaults',
    ],
  )
  assert.deepEqual(
    pluginsOf('upstream').map(({ name }) => name),
    pluginNames.filter(name => upstream.has(name)),
  )
  assert.ok(enabledPlugins('secure', { enable: ['PodNodeSelector'] }).has('PodNodeSelector'))
  assert.ok(!enabledPlugins('secure', { disable: ['DefaultStorageClass'] }).has('DefaultStorageClass'))
  assert.ok(!enabledPlugins('upstream', { disable: ['CertificateSigning'] }).has('CertificateRequests'))
})

test('enabledPlugins() disables a protection of the secure profile only explicitly', () => {
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

test('PodSecurityDefaults runs after all plug-ins that modify objects, so that it completes their additions', () => {
  const place = (name: string) => pluginNames.indexOf(name)
  for (const name of ['MutatingAdmissionPolicy', 'MutatingAdmissionWebhook']) assert.ok(place(name) < place('PodSecurityDefaults'))
})
