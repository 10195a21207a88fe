// Known vulnerabilities of images in a cluster: found, dated, refused, excepted, and searched for. Registry and images are in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../../api/types/core-v1.ts'
import type { ExceptionSpec, ImagePolicySpec } from '../../../api/types/supply-v1.ts'
import { listVerifier, memoryRegistries } from '../../../artifacts/artifacts.testing.ts'
import { findingsBench, npmAdvisory, npmPackage } from '../../../artifacts/findings/findings.testing.ts'
import type { Registries } from '../../../artifacts/image-verifier.ts'
import { type Clock, systemClock } from '../../../base/clock.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { UserError } from '../../../base/user-error.ts'
import type { Client } from '../../../client/client.ts'
import {
  advisorySources,
  clusterExceptions,
  clusterImagePolicies,
  events,
  exceptions,
  images,
  namespaces,
  pods,
  roleBindings,
  secrets,
  services,
} from '../../../client/resources.ts'
import type { UpdateList } from '../../../server/paths/software/updates-path.ts'
import type { WhereList } from '../../../server/paths/software/where-path.ts'
import type { Digest } from '../../../supply-chain/oci/digest.ts'
import { MemoryImageSource } from '../../../supply-chain/oci/memory-image-source.testing.ts'
import type { SoftwarePackage } from '../../../supply-chain/packages/software-package.ts'
import type { PullCredential } from '../../../supply-chain/policy/image-question.ts'
import { startCluster } from '../bootstrapped.testing.ts'

const app = 'registry.example.com/shop/app'
const day = 86_400_000
const limit = () => AbortSignal.timeout(30_000)

/** With a password, the registry answers nobody without it. */
async function opened(password?: string) {
  let offset = 0
  // Parts that look every five seconds do so every fifty milliseconds.
  const clock: Clock = {
    ...{ now: () => Date.now() + offset, monotonic: () => systemClock.monotonic() + offset },
    sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
  }
  const bench = findingsBench({ clock })
  const source = new MemoryImageSource()
  const require = (credentials: readonly PullCredential[]) => {
    if (password !== undefined && !credentials.some(each => each.password === password)) throw new UserError('denied')
  }
  const registries: Registries = {
    open(_repository, credentials) {
      if (!isReachable) throw new UserError('no such host')
      require(credentials)
      return source
    },
    async tags(_repository, credentials) {
      require(credentials)
      return [...tags]
    },
  }
  const tags = new Set<string>()
  let isReachable = true
  let mirrorsChanged = (): void => undefined
  const { findings, scratch, advisories, fetched } = bench
  const software = { findings, scratch, advisories: [advisories, fetched], fetched }
  const onMirrorsChange = (handler: () => void) => {
    mirrorsChanged = handler
  }
  const cluster = await startCluster({
    clock,
    images: { registries, verifier: listVerifier(memoryRegistries()), software, onMirrorsChange },
  })
  const { client } = cluster
  return {
    ...{ bench, cluster, client },
    /** As if a mirror of the registry came or went. */
    setReachable(reachable: boolean) {
      isReachable = reachable
      mirrorsChanged()
    },
    /** Pushes an image with these packages, which the fake catalogue reads from its content. */
    push(tag: string, ...packages: SoftwarePackage[]): Digest {
      bench.content.set('*', packages)
      tags.add(tag)
      return source.putManifest(
        [source.putBlob(Buffer.from(`${tag} ${JSON.stringify(packages)}`), 'application/vnd.oci.image.layer.v1.tar')],
        tag,
      ).digest
    },
    pass(days: number) {
      offset += days * day
    },
    run: (name: string, tag: string, namespace = 'default', labels: Record<string, string> = {}, by: Client = client) =>
      by.create(
        pods,
        namespace,
        {
          metadata: { name, labels },
          spec: { securityContext: { runAsNonRoot: true }, containers: [{ name: 'main', image: `${app}:${tag}` }] },
        },
        limit(),
      ),
    policy: (spec: Partial<ImagePolicySpec>) =>
      client.create(
        clusterImagePolicies,
        '',
        { metadata: { name: 'known' }, spec: { images: ['registry.example.com/**'], ...spec } },
        limit(),
      ),
    findingsOf: async (digest: Digest) => (await client.get(images, '', digest.replace(':', '-'), limit())).status?.findings,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]()
      await bench[Symbol.asyncDispose]()
    },
  }
}

const severe = npmAdvisory('GHSA-1', 'x', '1.1.0')

test('an image that runs gets its packages and findings, and a new advisory names every pod that has it', async () => {
  await using cluster = await opened()
  const { client } = cluster
  const digest = cluster.push('1', npmPackage('x'))
  await cluster.run('a', '1')
  await until(async () => (await client.list(images, {}, limit())).items[0]?.status?.sbom?.packages === 1, 'the image is read')
  assert.equal(await cluster.findingsOf(digest), undefined)
  await cluster.bench.publish([severe])
  await until(async () => (await cluster.findingsOf(digest))?.critical === 1, 'the advisory is matched')
  const findings = await cluster.findingsOf(digest)
  assert.deepEqual([findings?.worst, findings?.fixable, findings?.list?.[0]?.fixedVersion], ['critical', 1, '1.1.0'])
  await until(async () => {
    const { status } = await client.get(pods, 'default', 'a', limit())
    return /1 critical, due .*CVE-2026-0001 in x 1.0.0, fixed in 1.1.0/.test(
      status?.conditions?.find(({ type }) => type === 'supply.bulkhead.dev/Vulnerable')?.message ?? '',
    )
  }, 'the pod says so')
  await until(
    async () => (await client.list(events, { namespace: 'default' }, limit())).items.some(({ reason }) => reason === 'VulnerableFindings'),
    'an event',
  )
})

test('an image that could not be read is read as soon as its registry has a mirror', async () => {
  await using cluster = await opened()
  const digest = cluster.push('1', npmPackage('x'))
  cluster.setReachable(false)
  const image = `${app}@${digest}`
  const spec = { securityContext: { runAsNonRoot: true }, containers: [{ name: 'main', image }] }
  await cluster.client.create(pods, 'default', { metadata: { name: 'a' }, spec }, limit())
  const source = async () => (await cluster.client.list(images, {}, limit())).items[0]?.status?.sbom?.source
  await until(async () => (await source()) === 'None', 'it cannot be read')
  cluster.setReachable(true)
  await until(async () => (await source()) === 'Image', 'the image is read')
})

test('where shows what runs in namespaces whose pods the user may list, and in no other', async () => {
  await using cluster = await opened()
  const { client } = cluster
  const digest = cluster.push('1', npmPackage('x'))
  await client.create(namespaces, '', { metadata: { name: 'shop' }, spec: {} }, limit())
  await cluster.run('a', '1')
  await until(
    () =>
      cluster.run('b', '1', 'shop').then(
        () => true,
        () => false,
      ),
    'the namespace takes pods',
  )
  const where = async (by: Client, text: string) => {
    const list = await by.getPath<WhereList>(`/bulkhead/v1/where?package=${encodeURIComponent(text)}`, limit())
    return [list.items.map(({ namespace, pod, packages }) => `${namespace}/${pod} ${packages.join()}`).toSorted(), list.unread.length]
  }
  await until(async () => (await client.list(images, {}, limit())).items[0]?.status?.sbom !== undefined, 'the image is read')
  assert.deepEqual(await where(client, 'x@1.0.0'), [['default/a x 1.0.0', 'shop/b x 1.0.0'], 0])
  assert.deepEqual(await where(client, 'x@2.0.0'), [[], 0])
  const binding = {
    metadata: { name: 'ann' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', name: 'ann', apiGroup: 'rbac.authorization.k8s.io' }],
  }
  await client.create(roleBindings, 'shop', binding, limit())
  const ann = cluster.cluster.as({ name: 'ann' })
  await until(async () => (await where(ann, 'x')).flat().length === 2, 'the binding holds')
  assert.deepEqual(await where(ann, 'x'), [['shop/b x 1.0.0'], 0])
  assert.deepEqual(await where(cluster.cluster.as({ name: 'bob' }), 'x'), [[], 0])
  assert.deepEqual((await ann.getPath<UpdateList>('/bulkhead/v1/updates', limit())).items, [])
  assert.ok(digest)
})

test('a policy refuses what is not scanned, and what is above its severity, with what would pass', async () => {
  await using cluster = await opened()
  const { client } = cluster
  await cluster.bench.publish([severe, npmAdvisory('GHSA-2', 'y')])
  cluster.push('1', npmPackage('x'))
  await cluster.policy({ maxSeverity: 'high' })
  await assert.rejects(
    cluster.run('a', '1'),
    /policy "known": its known vulnerabilities must be known, and (?:it has not been scanned yet|the cluster has no advisories)/,
  )
  await until(async () => (await client.list(images, {}, limit())).items[0]?.status?.findings?.critical === 1, 'it is scanned')
  await assert.rejects(
    cluster.run('a', '1'),
    /is refused: policy "known": GHSA-1 \(CVE-2026-0001\), critical, in x 1.0.0 is above severity high; would pass: an image with x 1.1.0 or later, or an Exception for GHSA-1/,
  )
})

test('due dates: accepted, warned of, refused; an exception lifts what it names until it ends; exposure shortens them', async () => {
  await using cluster = await opened()
  const { client } = cluster
  await cluster.bench.publish([severe])
  cluster.push('1', npmPackage('x'))
  await cluster.run('first', '1')
  await until(async () => (await client.list(images, {}, limit())).items[0]?.status?.findings?.critical === 1, 'it is scanned')
  await cluster.policy({ dueDates: {} })
  await cluster.run('new', '1')
  cluster.pass(16)
  await cluster.run('soon', '1')
  const outside: Service = { metadata: { name: 'web' }, spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] } }
  await client.create(services, 'default', outside, limit())
  await assert.rejects(cluster.run('exposed', '1', 'default', { app: 'web' }), /had to be gone by .*, as it is reachable from outside/)
  cluster.pass(15)
  await assert.rejects(cluster.run('late', '1'), /policy "known": GHSA-1 .* had to be gone by/)
  const spec = (more: Partial<ExceptionSpec> = {}): ExceptionSpec => ({
    ...{ advisories: ['CVE-2026-0001'], images: ['registry.example.com/shop/*'], owner: 'ann', reason: 'not reachable' },
    expires: new Date(Date.now() + 60 * day).toISOString().replace(/\.\d+/, ''),
    ...more,
  })
  await client.create(exceptions, 'default', { metadata: { name: 'other' }, spec: spec({ advisories: ['CVE-2026-0002'] }) }, limit())
  await client.create(
    clusterExceptions,
    '',
    { metadata: { name: 'elsewhere' }, spec: spec({ images: ['registry.example.com/other/*'] }) },
    limit(),
  )
  await assert.rejects(cluster.run('late', '1'), /had to be gone by/)
  await client.create(exceptions, 'default', { metadata: { name: 'known' }, spec: spec() }, limit())
  await until(
    () =>
      cluster.run('late', '1').then(
        () => true,
        () => false,
      ),
    'the exception holds',
  )
  cluster.pass(30)
  await assert.rejects(cluster.run('later', '1'), /had to be gone by/)
  // What runs goes on.
  assert.equal((await client.get(pods, 'default', 'first', limit())).metadata.name, 'first')
})

test('updates proposes a newer tag with fewer findings, to who may list the pods', async () => {
  await using cluster = await opened()
  const { client } = cluster
  await cluster.bench.publish([severe])
  cluster.push('1.0', npmPackage('x'))
  await cluster.run('a', '1.0')
  await until(async () => (await client.list(images, {}, limit())).items[0]?.status?.findings?.critical === 1, 'it is scanned')
  const better = cluster.push('1.1', npmPackage('x', '1.1.0'))
  // The part may have looked for tags already, and looks again after hours.
  cluster.pass(1)
  const proposed = async (by: Client) => (await by.getPath<UpdateList>('/bulkhead/v1/updates', limit())).items
  await until(async () => (await proposed(client)).length === 1, 'it is proposed')
  const [update] = await proposed(client)
  assert.deepEqual(
    [update?.reference, update?.image, update?.fixed, update?.current, update?.remaining, update?.running],
    [`${app}:1.0`, `${app}:1.1@${better}`, ['CVE-2026-0001'], 1, 0, [{ namespace: 'default', pod: 'a', container: 'main' }]],
  )
  assert.deepEqual(await proposed(cluster.cluster.as({ name: 'bob' })), [])
})

test('updates looks into a private repository with the credentials of the same namespace alone', async () => {
  await using cluster = await opened('right')
  const { client } = cluster
  await cluster.bench.publish([severe])
  cluster.push('1.0', npmPackage('x'))
  const auths = { 'registry.example.com': { username: 'u', password: 'right' } }
  await client.create(
    secrets,
    'default',
    {
      metadata: { name: 'pull' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    },
    limit(),
  )
  const podOf = (name: string, imagePullSecrets: { name: string }[]) => ({
    metadata: { name },
    spec: {
      securityContext: { runAsNonRoot: true },
      imagePullSecrets,
      containers: [{ name: 'main', image: `${app}:1.0` }],
    },
  })
  await client.create(pods, 'default', podOf('private', [{ name: 'pull' }]), limit())
  await until(async () => (await client.list(images, {}, limit())).items[0]?.status?.findings?.critical === 1, 'it is scanned')
  const better = cluster.push('1.1', npmPackage('x', '1.1.0'))
  cluster.pass(1)
  const proposed = async () => (await client.getPath<UpdateList>('/bulkhead/v1/updates', limit())).items
  await until(async () => (await proposed())[0]?.image === `${app}:1.1@${better}`, 'it is proposed')
})

test('a source that falls silent raises an alarm, and one whose key did not sign is not used', async () => {
  await using cluster = await opened()
  const { client } = cluster
  await cluster.bench.publish([severe])
  await client.create(advisorySources, '', { metadata: { name: 'osv' }, spec: { format: 'osv', maxSilence: '8784h' } }, limit())
  const condition = async (type: string) =>
    (await client.get(advisorySources, '', 'osv', limit())).status?.conditions?.find(each => each.type === type)
  await until(async () => (await condition('Ready'))?.status === 'True', 'it is used')
  await until(async () => (await condition('Silent'))?.status === 'False', 'it is fresh')
  await client.patch(advisorySources, '', 'osv', { spec: { maxSilence: '1h' } }, { type: 'merge' }, limit())
  await until(async () => (await condition('Silent'))?.status === 'True', 'the alarm')
  await until(
    async () =>
      (await client.list(events, { namespace: 'default' }, limit())).items.some(({ reason }) => reason === 'AdvisorySourceSilent'),
    'its event',
  )
})
