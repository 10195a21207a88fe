// Images with signatures and attestations in a registry of the proof, which the cluster reads through a mirror: what a policy must refuse.
import { randomBytes } from 'node:crypto'
import type { ImagePolicySpec, TrustRoot } from '../../../api/types/supply-v1.ts'
import { imagePolicies, registryMirrors, trustRoots } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import { inParallel } from '../../in-parallel.ts'
import { LoopbackServer } from '../../loopback-server.ts'
import { OracleRegistry } from '../../oracles/oci-registry.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { attestationAttacks } from './attestation-attacks.ts'
import { keylessAttacks } from './keyless-attacks.ts'

/** `digest` of the image -> what is attached to it. */
export type Attached = (digest: string) => readonly object[] | Promise<readonly object[]>

export interface SignatureAttack {
  readonly name: string
  readonly attached: Attached
  /** Must be in the message of the refusal. */
  readonly names: string
}

export interface SignatureAttacks {
  /** Of the policy and of the repositories. */
  readonly name: string
  readonly trustRoot: TrustRoot['spec']
  /** What the policy requires, of the trust root with this name. */
  verify(trustRoot: string): ImagePolicySpec['verify']
  /** Without a flaw. Each attack has an image of its own, and each image has a twin with this. */
  readonly twin: Attached
  readonly attacks: readonly SignatureAttack[]
}

/** The API server must be on this machine. */
export async function trySignedImages(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const registry = new OracleRegistry()
  await using server = await LoopbackServer.open(context.clock.now(), path => registry.find(path))
  await using cluster = new ClusterObjects(context, namespace)
  const host = `${cluster.prefix}.invalid`
  const mirrors = [{ endpoint: server.host, authorities: server.authority }]
  await cluster.create(registryMirrors, { metadata: { name: cluster.prefix }, spec: { registry: host, mirrors, only: true } }, signal)
  const now = context.clock.now()
  for (const attacks of [attestationAttacks(), await keylessAttacks(now)])
    await tryAll(context, namespace, { cluster, registry, host, attacks }, signal)
}

interface Stage {
  readonly cluster: ClusterObjects
  readonly registry: OracleRegistry
  /** Of the registry, as images name it. */
  readonly host: string
  readonly attacks: SignatureAttacks
}

async function tryAll(
  { attempts, transport, client }: ProofContext,
  namespace: ProofNamespace,
  { cluster, registry, host, attacks: { name, trustRoot, verify, twin, attacks } }: Stage,
  signal: AbortSignal,
): Promise<void> {
  const root = `${cluster.prefix}-${name}`
  await cluster.create(trustRoots, { metadata: { name: root }, spec: trustRoot }, signal)
  const spec: ImagePolicySpec = { images: [`${host}/${name}/**`], verify: verify(root) }
  await client.create(imagePolicies, namespace.name, { metadata: { name }, spec }, signal)
  const path = namespace.core('pods?dryRun=All')
  const podOf = async (repository: string, attached: Attached) => {
    const digest = registry.image(repository, randomBytes(16))
    for (const bundle of await attached(digest)) registry.attach(repository, digest, bundle)
    const body = podObject('s9', harmlessSpec({ serviceAccountName: 's9' }, { image: `${host}/${repository}@${digest}` }))
    return { method: 'POST', path, body } as const
  }
  await inParallel([...attacks.entries()], async ([at, { name: title, attached, names }]) => {
    await attempts.accepted(`${title}: its twin`, transport, await podOf(`${name}/twin-${at}`, twin), signal)
    await attempts.refused(title, transport, await podOf(`${name}/attack-${at}`, attached), { names }, signal)
  })
}
