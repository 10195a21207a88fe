import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmissionPlugin } from '../admission.ts'
import { createAdmission } from '../chain.ts'
import { admit, goodSpec, pluginsOf, pod, refusal, specOf, upstream } from '../plugins.fixture.ts'

test('ServiceAccount mounts a token that waits for the first right of its account, and one at once as upstream', async () => {
  const { object } = await admit({ kind: 'pods', object: pod() })
  const plain = specOf(object)
  assert.equal(plain['serviceAccountName'], 'default')
  assert.equal(plain.containers[0]?.volumeMounts?.length, 1)
  assert.deepEqual(object?.metadata.annotations, { 'bulkhead.dev/token': 'with-first-right' })
  const worker = specOf((await admit({ kind: 'pods', object: pod({ ...goodSpec(), serviceAccountName: 'worker' }) })).object)
  assert.deepEqual(
    (worker['volumes'] as { name: string }[]).map(({ name }) => name),
    ['kube-api-access-abcde'],
  )
  assert.equal(worker.containers[0]?.volumeMounts?.length, 1)
  assert.deepEqual(worker['imagePullSecrets'], [{ name: 'pull' }])
  const asUpstream = specOf((await admit({ kind: 'pods', object: pod() }, upstream)).object)
  assert.equal(asUpstream.containers[0]?.volumeMounts?.length, 1)
  const refused = specOf(
    (await admit({ kind: 'pods', object: pod({ ...goodSpec(), automountServiceAccountToken: false }) }, upstream)).object,
  )
  assert.equal(refused['volumes'], undefined)
})

test('ServiceAccount refuses before other plug-ins and the rules of the kind see the pod', async () => {
  let seen = 0
  const later: AdmissionPlugin = { name: 'Later', handles: () => true, mutate: async () => void seen++ }
  const plugin = pluginsOf('upstream').find(({ name }) => name === 'ServiceAccount')
  assert.ok(plugin)
  const admission = createAdmission([plugin, later])
  const absent = pod({ ...goodSpec(), serviceAccountName: 'absent' })
  const mirror = pod({ ...goodSpec(), serviceAccountName: 'worker' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } })
  assert.equal(
    (await refusal({ kind: 'pods', object: absent }, admission)).message,
    'pods "p" is forbidden: error looking up service account team/absent: serviceaccount "absent" not found',
  )
  assert.match((await refusal({ kind: 'pods', object: mirror }, admission)).message, /a mirror pod may not reference service accounts$/)
  assert.equal(seen, 0)
})

test('ServiceAccount refuses an absent account and secrets that the account does not list', async () => {
  assert.match(
    (await refusal({ kind: 'pods', object: pod({ ...goodSpec(), serviceAccountName: 'absent' }) })).message,
    /serviceaccount "absent" not found/,
  )
  const bounded = (extra: object) => pod({ ...goodSpec(), serviceAccountName: 'bounded', ...extra })
  const env = (source: object) => [{ name: 'c', image: 'a', securityContext: goodSpec().containers[0]?.securityContext, ...source }]
  const rows: readonly [object, RegExp][] = [
    [{ volumes: [{ name: 'v', secret: { secretName: 'foreign' } }] }, /volume with secret\.secretName="foreign" .* reference that secret$/],
    [
      { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'foreign' } }] } }] },
      /secretName="foreign" .* that secret \(volume "v"\)$/,
    ],
    [
      { containers: env({ env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'foreign', key: 'k' } } }] }) },
      /container c with envVar E/,
    ],
    [{ initContainers: env({ envFrom: [{ secretRef: { name: 'foreign' } }] }) }, /init container c with envFrom/],
    [{ imagePullSecrets: [{ name: 'foreign' }] }, /imagePullSecrets\[0\]\.name="foreign"/],
  ]
  for (const [extra, message] of rows) assert.match((await refusal({ kind: 'pods', object: bounded(extra) })).message, message)
  const ephemeral = bounded({ ephemeralContainers: env({ envFrom: [{ secretRef: { name: 'foreign' } }] }) })
  assert.match(
    (await refusal({ kind: 'pods', operation: 'UPDATE', subresource: 'ephemeralcontainers', object: ephemeral, oldObject: pod() })).message,
    /ephemeral container c/,
  )
  await admit({ kind: 'pods', object: bounded({ volumes: [{ name: 'v', secret: { secretName: 'listed' } }] }) })
})
