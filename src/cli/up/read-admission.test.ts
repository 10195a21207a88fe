import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { admissionSettings } from '../../admission/admission-settings.ts'
import { createConfig, type Machine, type Settings } from '../../base/config/config.ts'
import { readAdmission } from './read-admission.ts'
import { maxSettingsBytes } from './settings-text.ts'

const machine: Machine = { root: false, home: '/home/u', hostName: 'edge', stateHome: undefined }
const read = (settings: Settings) => readAdmission(createConfig(machine, settings))
const folder = mkdtempSync(join(tmpdir(), 'admission-'))
function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n'

test('readAdmission() accepts plug-ins as a string or a list, and reads the named configuration files', () => {
  file('selectors.yaml', 'podNodeSelectorPluginConfig:\n  team: env=prod\n')
  const admissionConfigFile = file('admission.yaml', `${head}plugins:\n- name: PodNodeSelector\n  path: selectors.yaml\n`)
  const { enable, disable, configuration } = read({
    enableAdmissionPlugins: 'PodNodeSelector, AlwaysPullImages',
    disableAdmissionPlugins: ['DefaultStorageClass'],
    admissionConfigFile,
  })
  assert.deepEqual([enable, disable], [['PodNodeSelector', 'AlwaysPullImages'], ['DefaultStorageClass']])
  const { plugins } = configuration as { plugins: { configuration: unknown }[] }
  assert.deepEqual(plugins[0]?.configuration, { podNodeSelectorPluginConfig: { team: 'env=prod' } })
})

test('readAdmission() embeds the content of kubeconfigs and of the files that they name', () => {
  file('ca.pem', '-----BEGIN CERTIFICATE-----')
  file('token', 'secret\n')
  file(
    'backend.kubeconfig',
    `current-context: c
contexts: [{ name: c, context: { cluster: k, user: u } }]
clusters: [{ name: k, cluster: { server: 'https://images.example', certificate-authority: ca.pem } }]
users: [{ name: u, user: { tokenFile: token } }]
`,
  )
  file('images.yaml', 'imagePolicy: { kubeConfigFile: backend.kubeconfig, defaultAllow: false }\n')
  const admissionConfigFile = file('images-admission.yaml', `${head}plugins:\n- name: ImagePolicyWebhook\n  path: images.yaml\n`)
  const settings = read({ enableAdmissionPlugins: 'ImagePolicyWebhook', admissionConfigFile })
  const { endpoint } = admissionSettings('secure', settings).configuration.imagePolicy ?? assert.fail('not configured')
  assert.equal(endpoint.authorities, '-----BEGIN CERTIFICATE-----')
  assert.equal(endpoint.identity.authorization, 'Bearer secret')
  assert.throws(() => read({ enableAdmissionPlugins: 'ImagePolicyWebhook' }), /"ImagePolicyWebhook" needs a configuration/)
})

const rows: { name: string; settings: Settings; why: RegExp }[] = [
  {
    name: 'an unknown plug-in',
    settings: { enableAdmissionPlugins: 'Nothing' },
    why: /enableAdmissionPlugins: unknown admission plug-in "Nothing"/,
  },
  { name: 'to switch off a protection', settings: { disableAdmissionPlugins: 'ResourceQuota' }, why: /"ResourceQuota" is a protection/ },
  {
    name: 'a missing file',
    settings: { admissionConfigFile: join(folder, 'absent') },
    why: /Cannot read the admission configuration/,
  },
  { name: 'a file that is not YAML', settings: { admissionConfigFile: file('broken.yaml', 'a: [') }, why: /is not YAML: yaml: line \d+: / },
  {
    name: 'a duplicate key',
    settings: { admissionConfigFile: file('twice.yaml', 'a: 1\na: 2\n') },
    why: /is not YAML: .*line 2: key "a" already set in map/s,
  },
  {
    name: 'a file of another kind',
    settings: { admissionConfigFile: file('other.yaml', 'kind: Pod\napiVersion: v1\n') },
    why: /the file\.apiVersion must be .*, got "v1"/,
  },
  {
    name: 'an endless file',
    settings: { admissionConfigFile: file('big.yaml', `# ${'x'.repeat(maxSettingsBytes)}`) },
    why: /has 1048578 bytes, the limit is 1048576/,
  },
]
for (const { name, settings, why } of rows) test(`readAdmission() refuses ${name}`, () => assert.throws(() => read(settings), why))

test('readAdmission() shows no content of an invalid file', () => {
  const settings = { admissionConfigFile: file('secret.yaml', 'token: t0ps3cret\n  more: [') }
  assert.throws(
    () => read(settings),
    (err: Error) => /is not YAML/.test(err.message) && !err.message.includes('t0ps3cret'),
  )
})
