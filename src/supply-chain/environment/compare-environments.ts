// What is different between a machine as it was attested and as it is now.
import type { EnvironmentFacts, HashedFile } from './environment-predicate.ts'

/** One line for each difference: what it is, by its name. */
export function environmentDifferences(attested: EnvironmentFacts, now: EnvironmentFacts): string[] {
  return [
    ...(attested.platform === now.platform ? [] : [`platform: ${now.platform}, attested was ${attested.platform}`]),
    ...(attested.commit === now.commit ? [] : [`commit: ${now.commit ?? 'none'}, attested was ${attested.commit ?? 'none'}`]),
    ...compare('tool', byName(attested.tools), byName(now.tools)),
    ...compare('lockfile', byPath(attested.lockfiles), byPath(now.lockfiles)),
    ...sourceDifferences(attested, now),
    ...now.changed.map(text => `dependency: ${text}`),
    ...compare('dependency', byPath(attested.dependencies), byPath(now.dependencies)),
  ]
}

function sourceDifferences(attested: EnvironmentFacts, now: EnvironmentFacts): string[] {
  if (attested.sources.sha256 === now.sources.sha256) return []
  const { files } = attested.sources
  if (files !== undefined && now.sources.files !== undefined) return compare('source', byPath(files), byPath(now.sources.files))
  return [`sources: ${now.sources.count} files with other content; the attestation is a summary, which names none`]
}

type Hashes = ReadonlyMap<string, string>

const byPath = (files: readonly HashedFile[]): Hashes => new Map(files.map(({ path, sha256 }) => [path, sha256]))
const byName = (tools: EnvironmentFacts['tools']): Hashes => new Map(tools.map(({ name, sha256 }) => [name, sha256]))

function compare(what: string, attested: Hashes, now: Hashes): string[] {
  return [
    ...[...attested].flatMap(([name, hash]) =>
      now.get(name) === hash ? [] : [`${what}: "${name}" ${now.has(name) ? 'was changed' : 'is missing'}`],
    ),
    ...[...now.keys()].filter(name => !attested.has(name)).map(name => `${what}: "${name}" is new`),
  ]
}
