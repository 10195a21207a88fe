// A whole import: a signed feed that the cluster fetches names a package, and each pod whose image has it must be told, and no other. The images are in
// a registry of the proof, and the cluster reads what is in them.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { imageName } from '../../../api/resources/supply/image.ts'
import { advisorySources, images, pods, registryMirrors } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import { LoopbackServer, type ServedFile } from '../../loopback-server.ts'
import { OracleRegistry } from '../../oracles/oci-registry.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { request } from '../../request.ts'
import { within } from '../../until.ts'
import { type Feed, FeedPublisher, npmLayer } from './published-feed.ts'

/** Until the cluster has read an image that it has not seen. */
const readMs = 75_000
/** The goal: from the publication to each pod. */
const listMs = 60_000
/** A guard: what a source says of itself follows its import, and its silence is noticed at once. */
const statusMs = 20_000
const pollMs = 200
const vulnerable = 'supply.bulkhead.dev/Vulnerable'
const day = 86_400_000

/** The API server must be on this machine. */
export async function tryImportedFeed(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { clock } = context
  const registry = new OracleRegistry()
  const files = new Map<string, ServedFile>()
  await using server = await LoopbackServer.open(clock.now(), path => files.get(path) ?? registry.find(path))
  await using cluster = new ClusterObjects(context, namespace)
  const host = `${cluster.prefix}.invalid`
  const mirrors = [{ endpoint: server.host, authorities: server.authority }]
  await cluster.create(registryMirrors, { metadata: { name: cluster.prefix }, spec: { registry: host, mirrors, only: true } }, signal)
  const run = randomBytes(6).toString('hex')
  const [bad, good] = [`bulkhead-prove-bad-${run}`, `bulkhead-prove-${run}`]
  await runPods(context, namespace, registry, host, { affected: `${good}@1.0.0`, forged: `${bad}@1.0.0`, fixed: `${good}@2.0.0` }, signal)
  const publisher = new FeedPublisher(files, server, cluster)
  // The clock of the proof and that of the cluster may differ by seconds.
  const now = Math.floor(clock.now() / 1000) * 1000 - 5000
  const stranger = generateKeyPairSync('ed25519').privateKey
  const forged = await publisher.publish({ id: `FORGED-${run}`, of: bad, modified: now }, signal, stranger)
  const began = clock.monotonic()
  const imported = await publisher.publish({ id: `WHOLE-${run}`, of: good, modified: now - day }, signal)
  await tryTold(context, namespace, imported, began, signal)
  await trySources(context, { imported, forged }, signal)
}

/** Two pods with each of the packages, and waits until the cluster knows what is in their images. */
async function runPods(
  { attempts, client, clock }: ProofContext,
  namespace: ProofNamespace,
  registry: OracleRegistry,
  host: string,
  packages: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  await inParallel(Object.entries(packages), async ([name, text]) => {
    const digest = registry.image(name, npmLayer(text))
    const image = `${host}/${name}@${digest}`
    for (const copy of ['a', 'b'])
      await client.create(
        pods,
        namespace.name,
        podObject(`${name}-${copy}`, harmlessSpec({ serviceAccountName: 's10' }, { image })),
        signal,
      )
    const read = async () => {
      const { items } = await client.list(images, { fieldSelector: `metadata.name=${imageName(digest)}` }, signal)
      return items.find(({ status }) => status?.sbom?.source === 'Image')
    }
    const found = await within(readMs, clock, read, signal, pollMs)
    attempts.record({
      name: `what is in the image of the pods "${name}"`,
      ...{ sent: 'POST pods', expected: 'one package, read from the image' },
      answered: found === undefined ? 'it was not read' : `${found.status?.sbom?.packages} packages`,
      held: found?.status?.sbom?.packages === 1,
    })
  })
}

async function tryTold(
  { attempts, client, transport, clock }: ProofContext,
  namespace: ProofNamespace,
  { id: name }: Feed,
  began: number,
  signal: AbortSignal,
): Promise<void> {
  const told = async (): Promise<string[]> => {
    const { items } = await client.list(pods, { namespace: namespace.name }, signal)
    return items
      .filter(({ status }) =>
        (status?.conditions ?? []).some(
          ({ type, status: is, message = '' }) => type === vulnerable && is === 'True' && message.includes(name),
        ),
      )
      .map(({ metadata }) => metadata.name ?? '')
      .toSorted()
  }
  const wanted = 'affected-a affected-b'
  const all = async () => ((await told()).length >= 2 ? true : undefined)
  await within(listMs - (clock.monotonic() - began), clock, all, signal, pollMs)
  const after = Math.round((clock.monotonic() - began) / 1000)
  const found = (await told()).join(' ')
  attempts.record({
    name: 'the pods that an imported advisory concerns',
    ...{ sent: 'POST advisorysources', expected: `within a minute, ${wanted} and no other` },
    ...{ answered: `after ${after} s: ${found || 'none'}`, held: found === wanted && after <= listMs / 1000 },
  })
  const path = `/bulkhead/v1/where?package=${name}`
  const { status, text } = await request(transport, { method: 'GET', path }, signal)
  const listed = ['affected-a', 'affected-b', 'fixed-a', 'fixed-b', 'forged-a', 'forged-b'].filter(pod => text.includes(`"${pod}"`))
  attempts.record({
    name: 'a search for an imported advisory',
    ...{ sent: `GET ${path}`, expected: wanted },
    ...{ answered: `answered ${status}: ${listed.join(' ') || 'none'}`, held: status === 200 && listed.join(' ') === wanted },
  })
}

/** A feed by another key is not used, and one whose newest entry is old raises the alarm. */
async function trySources(
  { attempts, client, clock }: ProofContext,
  { imported, forged }: { readonly imported: Feed; readonly forged: Feed },
  signal: AbortSignal,
): Promise<void> {
  const rows = [
    { name: 'a feed by another key', feed: forged, type: 'Ready', is: 'False', reason: 'FetchFailed', entries: undefined },
    { name: 'an imported feed', feed: imported, type: 'Ready', is: 'True', reason: 'Imported', entries: 1 },
    {
      name: 'an imported feed that has published nothing for a day',
      feed: imported,
      type: 'Silent',
      is: 'True',
      reason: undefined,
      entries: 1,
    },
  ]
  await inParallel(rows, async ({ name, feed, type, is, reason, entries }) => {
    const condition = await within(
      statusMs,
      clock,
      async () => {
        const { status } = await client.get(advisorySources, '', feed.source, signal)
        const found = status?.conditions?.find(each => each.type === type)
        return found?.status === is && status?.entries === entries ? found : undefined
      },
      signal,
      pollMs,
    )
    attempts.record({
      name,
      ...{ sent: 'POST advisorysources', expected: `${type} is ${is}${reason === undefined ? '' : `: ${reason}`}` },
      answered:
        condition === undefined ? 'it does not say so' : `${type} is ${condition.status}: ${condition.reason}: ${condition.message}`,
      held: condition !== undefined && (reason === undefined || condition.reason === reason),
    })
  })
}
