// What signers whom policies require attested of how an image was built: provenance of SLSA. Pure.
import { createHash } from 'node:crypto'
import { maxProvenance } from '../../api/resources/supply/image.ts'
import { isJsonObject } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { TrustRoot } from '../signatures/trust-root.ts'
import { attestedPredicates } from './attested-predicates.ts'
import type { ImageFacts } from './evaluate-image-policies.ts'
import type { CompiledPolicy } from './parse-image-policy.ts'

/** The facts of a predicate that people look for; the predicate itself stays in the registry, under its image. */
export interface Provenance {
  readonly predicateType: string
  /** SHA-256 of the predicate as JSON without spaces, in the order in which it was signed. */
  readonly digest: string
  /** Who built it, as a URI. */
  readonly builder?: string
  readonly buildType?: string
  /** Where its sources are, as a URI. */
  readonly source?: string
  /** The commit of the sources. */
  readonly revision?: string
}

/** SLSA 0.2 and 1.0. */
const predicateTypes: readonly string[] = ['https://slsa.dev/provenance/v1', 'https://slsa.dev/provenance/v0.2']
const maxText = 1024

/** Of each predicate that verifies. `policies` are those that match the image. */
export function attestedProvenance(
  policies: readonly CompiledPolicy[],
  facts: Pick<ImageFacts, 'claims' | 'digest'>,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): readonly Provenance[] {
  const found = new Map<string, Provenance>()
  for (const predicateType of predicateTypes)
    for (const predicate of attestedPredicates(policies, facts, trustRoots, now, type => type === predicateType)) {
      if (found.size >= maxProvenance) break
      const provenance = provenanceOf(predicateType, predicate)
      found.set(provenance.digest, provenance)
    }
  return [...found.values()]
}

function provenanceOf(predicateType: string, predicate: unknown): Provenance {
  const digest = `sha256:${createHash('sha256').update(writeJson(predicate)).digest('hex')}`
  const definition = at(predicate, 'buildDefinition')
  // 1.0 names what was used among the dependencies, 0.2 among the materials.
  const builder = text(at(at(predicate, 'runDetails'), 'builder'), 'id') ?? text(at(predicate, 'builder'), 'id')
  const buildType = text(definition, 'buildType') ?? text(predicate, 'buildType')
  const used = [list(definition, 'resolvedDependencies'), list(predicate, 'materials')].flat()
  const sources = used.find(each => commitOf(each) !== undefined)
  const configSource = at(at(predicate, 'invocation'), 'configSource')
  const source = text(sources, 'uri') ?? text(configSource, 'uri')
  const revision = commitOf(sources) ?? commitOf(configSource)
  return {
    ...{ predicateType, digest },
    ...(builder === undefined ? {} : { builder }),
    ...(buildType === undefined ? {} : { buildType }),
    ...(source === undefined ? {} : { source }),
    ...(revision === undefined ? {} : { revision }),
  }
}

const commitOf = (dependency: unknown): string | undefined => {
  const digest = at(dependency, 'digest')
  return text(digest, 'gitCommit') ?? text(digest, 'sha1')
}

function at(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function text(value: unknown, name: string): string | undefined {
  const found = at(value, name)
  return typeof found === 'string' && found !== '' ? found.slice(0, maxText) : undefined
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = at(value, name)
  return Array.isArray(found) ? found : []
}
