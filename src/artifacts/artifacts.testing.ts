// An image source in memory and a verifier that reads signers from a list, for tests of the part and of admission.
import { createHash } from 'node:crypto'
import type { TrustRoot } from '../api/types/supply-v1.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { UserError } from '../base/user-error.ts'
import type { Digest } from '../supply-chain/oci/digest.ts'
import type { Manifest } from '../supply-chain/oci/image-source.ts'
import { RegistryUnavailable } from '../supply-chain/oci/registry/registry-error.ts'
import type { PullCredential } from '../supply-chain/policy/image-question.ts'
import type { ImageVerifier, Registries } from './image-verifier.ts'
import type { Followed } from './policy-state.ts'
import { type KnownTrustRoot, KnownTrustRoots } from './trust/known-trust-roots.ts'
import { volatileTrustMemory } from './trust/trust-memory.ts'

/** As the part knows them, with nothing remembered. */
export const knownRoots = (roots: Followed<TrustRoot>, memory = volatileTrustMemory()): KnownTrustRoots =>
  new KnownTrustRoots({ roots, memory, clock: systemClock, log: silentLogger })

export const digestOf = (content: string): Digest => `sha256:${createHash('sha256').update(content).digest('hex')}`

export interface MemoryRegistries extends Registries {
  /** Sets a tag to an image with this content, and returns the image's digest. */
  push(repository: string, tag: string, content: string): Digest
  /** Names of keys that signed. */
  sign(digest: Digest, ...keys: string[]): void
  signers(digest: Digest): readonly string[]
  /** Each request, as `repository wanted`. */
  readonly requests: string[]
  /** While set, requests wait for it first. */
  hold: Promise<void> | undefined
  /** The same for the lists of signatures. */
  holdReferrers: Promise<void> | undefined
  referrerRequests: number
  /** While set, the registry is away. */
  unavailable: string | undefined
  /** While set, requests fail with it. */
  failure: string | undefined
  /** Credentials of the last request. */
  credentials: readonly PullCredential[]
}

export function memoryRegistries(): MemoryRegistries {
  const manifests = new Map<string, Manifest>()
  const signers = new Map<Digest, Set<string>>()
  const registries: MemoryRegistries = {
    requests: [],
    hold: undefined,
    holdReferrers: undefined,
    referrerRequests: 0,
    unavailable: undefined,
    failure: undefined,
    credentials: [],
    push(repository, tag, content) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, content }))
      const digest = digestOf(bytes.toString())
      const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: bytes.length }
      for (const name of [tag, digest]) manifests.set(`${repository} ${name}`, { descriptor, bytes })
      return digest
    },
    sign(digest, ...keys) {
      signers.set(digest, new Set([...(signers.get(digest) ?? []), ...keys]))
    },
    signers: digest => [...(signers.get(digest) ?? [])],
    open: (repository, credentials) => ({
      async manifest(wanted, signal) {
        registries.requests.push(`${repository} ${wanted}`)
        registries.credentials = credentials
        await registries.hold
        signal.throwIfAborted()
        if (registries.unavailable !== undefined) throw new RegistryUnavailable(registries.unavailable)
        if (registries.failure !== undefined) throw new UserError(registries.failure)
        return manifests.get(`${repository} ${wanted}`)
      },
      async *blob() {
        yield Buffer.alloc(0)
      },
      async referrers() {
        registries.referrerRequests++
        await registries.holdReferrers
        if (registries.failure !== undefined) throw new UserError(registries.failure)
        return []
      },
    }),
  }
  return registries
}

/** A policy holds if one of its keys signed, is in its trust root and is not revoked. */
export function listVerifier(registries: MemoryRegistries): ImageVerifier<readonly string[]> {
  const trusts = (root: KnownTrustRoot | undefined, key: string): boolean =>
    root !== undefined &&
    root.unusable === undefined &&
    (root.object.spec.keys ?? []).some(({ name }) => name === key) &&
    !(root.object.spec.revoked ?? []).some(entry => entry.key === key)
  return {
    async collect(source, digest, signal) {
      await source.referrers(digest, signal)
      return registries.signers(digest)
    },
    sizeOf: claims => claims.length,
    store: claims => claims,
    restore(value) {
      if (!Array.isArray(value)) throw new UserError('it is no list')
      return value.map(String)
    },
    evaluate(policies, trustRoots, _image, claims) {
      const identities: string[] = []
      for (const { metadata, spec } of policies) {
        const wanted = (spec.verify?.anyOf ?? spec.verify?.allOf ?? []).flatMap(({ key }) => key ?? [])
        const found = wanted.filter(({ trustRoot, name }) => claims.includes(name) && trusts(trustRoots.get(trustRoot), name))
        if (found.length === 0 && wanted.length > 0)
          return { verdict: 'Refused', identities: [], message: `policy "${metadata.name}": nobody whom it names signed the image` }
        identities.push(...found.map(({ trustRoot, name }) => `key "${name}" of trust root "${trustRoot}"`))
      }
      return { verdict: identities.length === 0 ? 'Unverified' : 'Verified', identities, message: '' }
    },
  }
}
