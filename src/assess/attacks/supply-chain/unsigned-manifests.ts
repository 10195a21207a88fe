// Every way by which an object that nobody trusted signed could come into a namespace that accepts signed ones alone.
import { generateKeyPairSync } from 'node:crypto'
import { isJsonObject } from '../../../base/json.ts'
import { configMaps, deployments, manifestPolicies, trustRoots } from '../../../client/resources.ts'
import { manifestStatement, packBundle, signatureAnnotation, verifiedAnnotation } from '../../../supply-chain/manifests/signed-manifest.ts'
import { parsePrivateKey, type SigningKey } from '../../../supply-chain/signatures/private-key.ts'
import { signedBundle } from '../../../supply-chain/signatures/signed-statement.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { jsonPatch, mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'

export type Manifest = Readonly<Record<string, unknown>>

const policyName = 'bulkhead-prove-signed'
const refusedBy = { names: `${policyName}" requires a signed manifest` }
const labels = { app: 's3' }

export function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return parsePrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'the key of the attack')
}

const metadataOf = (object: Manifest): Manifest => (isJsonObject(object['metadata']) ? object['metadata'] : {})

export function annotated(object: Manifest, added: Readonly<Record<string, string>>): Manifest {
  const { annotations } = metadataOf(object)
  return { ...object, metadata: { ...metadataOf(object), annotations: { ...(isJsonObject(annotations) ? annotations : {}), ...added } } }
}

/** As `bulkhead sign` does. */
export const signedManifest = (object: Manifest, key: SigningKey, signedAt = Date.now()): Manifest =>
  annotated(object, { [signatureAnnotation]: packBundle(signedBundle(manifestStatement(object, signedAt), key)) })

export const configMap = (name: string, data: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

const deployment = (name: string, more: Manifest = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    ...more,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: harmlessSpec({ serviceAccountName: 's3' }) },
  },
})

export async function tryUnsignedManifests(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport, run } = context
  const [key, other] = [newKey(), newKey()]
  const root = `bulkhead-prove-${namespace.name}`
  const spec = { keys: [{ name: 'release', publicKey: key.publicKey }] }
  await client.create(configMaps, namespace.name, { metadata: { name: 'early' }, data: { a: '1', b: '2' } }, signal)
  await client.create(deployments, namespace.name, deployment('early', { replicas: 0 }) as never, signal)
  await client.create(trustRoots, '', { metadata: { name: root, labels: run.labels }, spec }, signal)
  try {
    const verify = { anyOf: [{ key: { trustRoot: root, name: 'release' } }] }
    await client.create(manifestPolicies, namespace.name, { metadata: { name: policyName }, spec: { resources: ['*'], verify } }, signal)
    const maps = namespace.core('configmaps')
    const create = `${maps}?dryRun=All`
    const post = (body: object): ProofRequest => ({ method: 'POST', path: create, body })
    const refused = (name: string, request: ProofRequest) => attempts.refused(name, transport, request, refusedBy, signal)
    const signed = signedManifest(configMap('s3', { a: '1' }), key)
    await attempts.accepted('an object as it was signed', transport, post(signed), signal)
    await refused('an object without a signature', post(configMap('s3', { a: '1' })))
    await refused('a signature of somebody else', post(signedManifest(configMap('s3', { a: '1' }), other)))
    await refused('a changed field', post({ ...signed, data: { a: '2' } }))
    await refused('a further field', post({ ...signed, data: { a: '1', b: '2' } }))
    await refused('a missing field', post({ ...signed, data: {} }))
    await refused('a further label', post({ ...signed, metadata: { ...metadataOf(signed), labels: { a: 'b' } } }))
    await refused('a further annotation', post(annotated(signed, { a: 'b' })))
    await refused('another name', post({ ...signed, metadata: { ...metadataOf(signed), name: 'other' } }))
    await refused('a signature of another kind', {
      method: 'POST',
      path: `${namespace.core('secrets')}?dryRun=All`,
      body: { ...signed, kind: 'Secret', data: {} },
    })
    await refused(
      'a mark of the server that a client wrote',
      post(annotated(configMap('s3', { a: '1' }), { [verifiedAnnotation]: 'a'.repeat(64) })),
    )
    await refused('a signature that is no signature', post(annotated(configMap('s3', { a: '1' }), { [signatureAnnotation]: 'e30=' })))
    const apps = namespace.group('apps/v1', 'deployments')
    await refused('an unsigned privilege in a signed workload', {
      method: 'POST',
      path: `${apps}?dryRun=All`,
      body: withPodField(signedManifest(deployment('s3'), key), { terminationGracePeriodSeconds: 7 }),
    })
    await refused('an unsigned pod', {
      method: 'POST',
      path: `${namespace.core('pods')}?dryRun=All`,
      body: podObject('s3', harmlessSpec({ serviceAccountName: 's3' })),
    })
    await tryChanges(context, namespace, key, refused, signal)
  } finally {
    await client.delete(trustRoots, '', root, {}, signal)
  }
}

/** Of a stored object that was verified, and of one from before the policy. */
async function tryChanges(
  { attempts, transport }: ProofContext,
  namespace: ProofNamespace,
  key: SigningKey,
  refused: (name: string, request: ProofRequest) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const maps = namespace.core('configmaps')
  const apps = namespace.group('apps/v1', 'deployments')
  await attempts.accepted(
    'a signed workload with replicas',
    transport,
    { method: 'POST', path: apps, body: signedManifest(deployment('kept', { replicas: 0 }), key) },
    signal,
  )
  await attempts.accepted(
    'a signed object',
    transport,
    { method: 'POST', path: maps, body: signedManifest(configMap('kept', { a: '1' }), key) },
    signal,
  )
  const patch = (path: string, body: object, contentType: string): ProofRequest => ({
    method: 'PATCH',
    path: `${path}?dryRun=All`,
    body,
    contentType,
  })
  const label = { metadata: { labels: { a: 'b' } } }
  await refused('a merge patch of a signed object', patch(`${maps}/kept`, { data: { a: '2' } }, mergePatch))
  await refused('a JSON patch of a signed object', patch(`${maps}/kept`, [{ op: 'replace', path: '/data/a', value: '2' }], jsonPatch))
  await refused(
    'a strategic patch of a signed workload',
    patch(`${apps}/kept`, { spec: { template: { metadata: { annotations: { a: 'b' } } } } }, strategicPatch),
  )
  await refused('a label by patch', patch(`${maps}/kept`, label, mergePatch))
  await refused(
    'a signature that goes away',
    patch(`${maps}/kept`, { metadata: { annotations: { [signatureAnnotation]: null } }, data: { a: '2' } }, mergePatch),
  )
  await refused('server-side apply of an unsigned field', {
    method: 'PATCH',
    path: `${maps}/kept?fieldManager=s3&force=true&dryRun=All`,
    body: configMap('kept', { b: '2' }),
    contentType: 'application/apply-patch+yaml',
  })
  await refused('a replaced object', { method: 'PUT', path: `${maps}/kept?dryRun=All`, body: configMap('kept', { a: '2' }) })
  await refused(
    'a signed manifest over an object from before the policy that has more',
    patch(`${maps}/early`, signedManifest(configMap('early', { a: '1' }), key), mergePatch),
  )
  await refused('a change of an object from before the policy', patch(`${maps}/early`, { data: { a: '2' } }, mergePatch))
  await refused('the scale of a workload whose replicas are signed', patch(`${apps}/kept/scale`, { spec: { replicas: 3 } }, mergePatch))
  await refused('the scale of an unsigned workload', patch(`${apps}/early/scale`, { spec: { replicas: 3 } }, mergePatch))
  await refused('an older version, as it was signed an hour before', {
    method: 'PUT',
    path: `${maps}/kept?dryRun=All`,
    body: signedManifest(configMap('kept', { a: '0' }), key, Date.now() - 3_600_000),
  })
  await refused('a version that is signed for a time to come, so that no later one would count', {
    method: 'PUT',
    path: `${maps}/kept?dryRun=All`,
    body: signedManifest(configMap('kept', { a: '2' }), key, Date.now() + 86_400_000),
  })
  await attempts.accepted(
    'the next version, signed',
    transport,
    { method: 'PUT', path: `${maps}/kept?dryRun=All`, body: signedManifest(configMap('kept', { a: '2' }), key) },
    signal,
  )
}

function withPodField(object: Manifest, fields: Manifest): Manifest {
  const spec = object['spec']
  const template = isJsonObject(spec) ? spec['template'] : undefined
  if (!isJsonObject(spec) || !isJsonObject(template) || !isJsonObject(template['spec'])) throw new Error('it has no template')
  return { ...object, spec: { ...spec, template: { ...template, spec: { ...template['spec'], ...fields } } } }
}
