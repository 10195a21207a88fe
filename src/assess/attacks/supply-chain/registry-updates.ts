// Outdated images in a registry of the proof: which newer tag the cluster proposes, once an advisory is known.
import { randomBytes } from 'node:crypto'
import { pods, registryMirrors } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import { LoopbackServer, type ServedFile } from '../../loopback-server.ts'
import { OracleRegistry } from '../../oracles/oci-registry.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { request } from '../../request.ts'
import { within } from '../../until.ts'
import { FeedPublisher, npmLayer } from './published-feed.ts'

/** A guard: the cluster fetches, matches and looks for tags every few seconds. */
const proposeMs = 75_000
const pollMs = 300

/** Tags and the packages of their images, the running one first, and the tag that must be proposed. */
type Repository = readonly [name: string, tags: readonly (readonly [tag: string, ...packages: string[]])[], proposed: string | undefined]

/** The API server must be on this machine. */
export async function tryRegistryUpdates(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, clock, transport } = context
  const registry = new OracleRegistry()
  const files = new Map<string, ServedFile>()
  await using server = await LoopbackServer.open(clock.now(), path => files.get(path) ?? registry.find(path))
  await using cluster = new ClusterObjects(context, namespace)
  const host = `${cluster.prefix}.invalid`
  const mirrors = [{ endpoint: server.host, authorities: server.authority }]
  await cluster.create(registryMirrors, { metadata: { name: cluster.prefix }, spec: { registry: host, mirrors, only: true } }, signal)
  const run = randomBytes(6).toString('hex')
  const [one, two] = [`bulkhead-prove-${run}`, `bulkhead-prove-more-${run}`]
  const [old, fixed] = [`${one}@1.0.0`, `${one}@2.0.0`]
  // By name, since the cluster looks at them in this order: when the last one is proposed, the others were looked at.
  const repositories: readonly Repository[] = [
    [
      'c-outdated',
      [
        ['1.0.0', old],
        ['1.1.0', old],
        ['1.2.0', fixed],
        ['2.0.0', old],
        ['0.9.0', fixed],
        ['1.3.0-alpine', fixed],
      ],
      '1.2.0',
    ],
    [
      'b-worse',
      [
        ['1.0.0', old],
        ['1.1.0', old, `${two}@1.0.0`],
      ],
      undefined,
    ],
    [
      'a-equal',
      [
        ['1.0.0', old],
        ['1.1.0', old],
      ],
      undefined,
    ],
  ]
  const digests = new Map<string, string>()
  for (const [name, tags] of repositories)
    for (const [tag, ...packages] of tags) {
      // Each tag has an image of its own.
      const digest = registry.image(name, npmLayer(...packages, `bulkhead-prove-tag-${tag}@1.0.0`))
      registry.tag(name, tag, digest)
      digests.set(`${name}:${tag}`, digest)
    }
  await inParallel(repositories, async ([name, [running]]) => {
    const image = `${host}/${name}:${running?.[0]}`
    await client.create(pods, namespace.name, podObject(name, harmlessSpec({ serviceAccountName: 's7' }, { image })), signal)
  })
  const publisher = new FeedPublisher(files, server, cluster)
  const modified = Math.floor(clock.now() / 1000) * 1000 - 5000
  await publisher.publish({ id: `UPDATE-${run}`, of: one, modified }, signal)
  await publisher.publish({ id: `MORE-${run}`, of: two, modified }, signal)
  const path = '/bulkhead/v1/updates'
  const proposals = async () => {
    const { status, text } = await request(transport, { method: 'GET', path }, signal)
    return status === 200 ? text : ''
  }
  const proposedOf = (text: string, name: string) => new RegExp(`"image":"(${host.replaceAll('.', '\\.')}/${name}:[^"]*)"`).exec(text)?.[1]
  await within(proposeMs, clock, async () => (proposedOf(await proposals(), 'c-outdated') === undefined ? undefined : true), signal, pollMs)
  const listed = await client.list(pods, { namespace: namespace.name }, signal)
  const text = await proposals()
  for (const [name, , proposed] of repositories) {
    const wanted = proposed === undefined ? undefined : `${host}/${name}:${proposed}@${digests.get(`${name}:${proposed}`)}`
    const found = proposedOf(text, name)
    attempts.record({
      name: `the image "${name}" of a registry`,
      ...{
        sent: `GET ${path}, ${listed.items.length} pods`,
        expected: wanted ?? 'nothing',
        answered: found ?? 'nothing',
        held: found === wanted,
      },
    })
  }
}
