// Whether the record of an image has its platforms, what is in it on any of them, and how it was built, as trusted signers attested and nobody else.
import { imageName } from '../../../api/resources/supply/image.ts'
import type { Image, ImagePolicySpec } from '../../../api/types/supply-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import { clusterImagePolicies, images, pods, registryMirrors, trustRoots } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import { LoopbackServer } from '../../loopback-server.ts'
import { keyBundle, newOracleKey, sha256, statementText } from '../../oracles/attestation.ts'
import { OracleRegistry } from '../../oracles/oci-registry.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { within } from '../../until.ts'
import { npmLayer } from './published-feed.ts'

const readMs = 60_000
const pollMs = 200
const provenance = 'https://slsa.dev/provenance/v1'
const arm = { os: 'linux', architecture: 'arm64' }
const amd = { os: 'linux', architecture: 'amd64' }
const other = { os: 'linux', architecture: 's390x' }

const predicate = {
  buildDefinition: {
    buildType: 'https://build.invalid/v1',
    resolvedDependencies: [{ uri: 'git+https://git.invalid/shop', digest: { gitCommit: 'c0ffee' } }],
  },
  runDetails: { builder: { id: 'https://builder.invalid' } },
}

const layerWith = (...names: readonly string[]): Buffer => npmLayer(...names.map(name => `${name}@1.0.0`))

/** The API server must be on this machine. */
export async function tryProvenance(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, clock } = context
  const registry = new OracleRegistry()
  await using server = await LoopbackServer.open(clock.now(), path => registry.find(path))
  await using cluster = new ClusterObjects(context, namespace)
  const host = `${cluster.prefix}.invalid`
  const mirrors = [{ endpoint: server.host, authorities: server.authority }]
  await cluster.create(registryMirrors, { metadata: { name: cluster.prefix }, spec: { registry: host, mirrors, only: true } }, signal)
  const [key, stranger] = [newOracleKey(), newOracleKey()]
  await cluster.create(
    trustRoots,
    { metadata: { name: cluster.prefix }, spec: { keys: [{ name: 'builder', publicKey: key.publicKey }] } },
    signal,
  )
  const attestations = [{ predicateType: provenance }]
  const signer = { key: { trustRoot: cluster.prefix, name: 'builder' }, signature: 'Optional', attestations } as const
  const spec: ImagePolicySpec = { images: [`${host}/**`], verify: { anyOf: [signer] }, onFailure: 'Warn' }
  await cluster.create(clusterImagePolicies, { metadata: { name: cluster.prefix }, spec }, signal)
  const attest = (repository: string, digest: string, of = digest, by = key): void =>
    registry.attach(repository, digest, keyBundle(statementText(of, provenance, predicate), by))

  const trusted = registry.image('trusted', layerWith('a'))
  attest('trusted', trusted)
  const untrusted = registry.image('untrusted', layerWith('b'))
  attest('untrusted', untrusted, untrusted, stranger)
  const elsewhere = registry.image('elsewhere', layerWith('c'))
  attest('elsewhere', elsewhere, trusted)
  const several = registry.index('several', [
    { layer: layerWith('d'), platform: amd },
    { layer: layerWith('d', 'e'), platform: arm },
  ])
  const foreign = registry.index('foreign', [{ layer: layerWith('f', 'g', 'h'), platform: other }])
  const built = `https://builder.invalid git+https://git.invalid/shop c0ffee sha256:${sha256(writeJson(predicate))}`
  const rows = [
    { name: 'an image with provenance', repository: 'trusted', digest: trusted, wanted: built, of: buildOf },
    { name: 'an image with provenance by a stranger', repository: 'untrusted', digest: untrusted, wanted: 'none', of: buildOf },
    { name: 'an image with the provenance of another', repository: 'elsewhere', digest: elsewhere, wanted: 'none', of: buildOf },
    { name: 'an image for two platforms', repository: 'several', digest: several, wanted: 'linux/amd64 linux/arm64', of: platformsOf },
    { name: 'an image for other machines', repository: 'foreign', digest: foreign, wanted: '3 packages', of: packagesOf },
  ]
  await inParallel(rows, async ({ name, repository, digest, wanted, of }) => {
    const image = `${host}/${repository}@${digest}`
    await client.create(pods, namespace.name, podObject(repository, harmlessSpec({ serviceAccountName: 's1' }, { image })), signal)
    let answered = 'no record'
    const isDecided = async () => {
      const { items } = await client.list(images, { fieldSelector: `metadata.name=${imageName(digest)}` }, signal)
      const [found] = items
      if (found !== undefined) answered = of(found)
      // A record is complete when its image was read, and what it has is not taken back.
      return found?.status?.sbom !== undefined && (answered === wanted || wanted === 'none') ? true : undefined
    }
    const held = (await within(readMs, clock, isDecided, signal, pollMs)) === true && answered === wanted
    attempts.record({ name, sent: 'POST pods', expected: wanted, answered, held })
  })
}

const buildOf = ({ status }: Image): string =>
  (status?.provenance ?? []).map(({ builder, source, revision, digest }) => [builder, source, revision, digest].join(' ')).join('; ') ||
  'none'

const platformsOf = ({ status }: Image): string =>
  (status?.platforms ?? [])
    .map(({ os, architecture }) => `${os}/${architecture}`)
    .toSorted()
    .join(' ')

const packagesOf = ({ status }: Image): string => `${status?.sbom?.packages ?? 0} packages`
