// What a developer's machine was when it made something: tool chain, sources and installed dependencies, as the predicate of an attestation.
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject, isTexts } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import type { JsonObject } from '../signatures/read-json.ts'

export const environmentPredicate = 'https://bulkhead.dev/development-environment/v1'

export interface ToolFacts {
  readonly name: string
  /** With links followed. */
  readonly path: string
  readonly sha256: string
}

export interface HashedFile {
  /** Relative, with `/`. */
  readonly path: string
  readonly sha256: string
}

export interface DependencyFacts {
  /** `node_modules/ws` */
  readonly path: string
  readonly version: string
  /** Of the lockfile (SRI). */
  readonly integrity?: string
  /** Over names and hashes of its files. */
  readonly sha256: string
  /** `lockfile`: compared, file by file, with the archive of this integrity. `none`: that archive is not on this machine. */
  readonly verified: 'lockfile' | 'none'
}

export interface EnvironmentFacts {
  readonly platform: string
  /** Versions of Node's parts. */
  readonly node: string
  readonly commit?: string
  /** Files of the working tree that are not as in the commit. */
  readonly modified: readonly string[]
  readonly tools: readonly ToolFacts[]
  readonly lockfiles: readonly HashedFile[]
  readonly sources: { readonly sha256: string; readonly count: number; readonly files?: readonly HashedFile[] }
  readonly dependencies: readonly DependencyFacts[]
  /** Files of dependencies that are not those of the lockfile, each with what is wrong. */
  readonly changed: readonly string[]
}

/** Of `changed`: what a message names. */
const shownFiles = 3

/**
 * Why nothing that was made there must be deployed; undefined if nothing is known against it. Whatever requires this attestation requires that too:
 * otherwise every policy would have to repeat it.
 */
export function environmentProblem(predicate: unknown): string | undefined {
  const changed = isJsonObject(predicate) ? getOwn(predicate, 'changed') : undefined
  if (!isTexts(changed)) return 'the attestation does not say which files of dependencies were changed'
  if (changed.length === 0) return undefined
  const more = changed.length > shownFiles ? ` and ${changed.length - shownFiles} more` : ''
  return `it was made with changed dependencies: ${changed
    .slice(0, shownFiles)
    .map(text => text.slice(0, 300))
    .join(', ')}${more}`
}

/** As `bulkhead dev attest` wrote it. Throws a UserError that begins with `where`. */
export function parseEnvironment(predicate: unknown, where: string): EnvironmentFacts {
  const fail = (what: string): never => {
    throw new UserError(`${where}: ${what}`)
  }
  const value: JsonObject = isJsonObject(predicate) ? predicate : fail('its predicate is no object')
  const text = (object: JsonObject, name: string): string => {
    const found = getOwn(object, name)
    return typeof found === 'string' ? found : fail(`"${name}" must be a text`)
  }
  const list = <T>(object: JsonObject, name: string, read: (item: JsonObject) => T): T[] => {
    const found = getOwn(object, name)
    if (!Array.isArray(found)) return fail(`"${name}" must be a list`)
    return found.map(item => (isJsonObject(item) ? read(item) : fail(`an entry of "${name}" is no object`)))
  }
  const texts = (name: string): readonly string[] => {
    const found = getOwn(value, name)
    return isTexts(found) ? found : fail(`"${name}" must be a list of texts`)
  }
  const file = (item: JsonObject): HashedFile => ({ path: text(item, 'path'), sha256: text(item, 'sha256') })
  const sources = isJsonObject(value['sources']) ? value['sources'] : fail('"sources" must be an object')
  const count = sources['count']
  return {
    platform: text(value, 'platform'),
    node: text(value, 'node'),
    ...(value['commit'] === undefined ? {} : { commit: text(value, 'commit') }),
    modified: texts('modified'),
    tools: list(value, 'tools', item => ({ name: text(item, 'name'), ...file(item) })),
    lockfiles: list(value, 'lockfiles', file),
    sources: {
      sha256: text(sources, 'sha256'),
      count: typeof count === 'number' ? count : fail('"sources.count" must be a number'),
      ...(sources['files'] === undefined ? {} : { files: list(sources, 'files', file) }),
    },
    dependencies: list(value, 'dependencies', item => ({
      ...file(item),
      version: text(item, 'version'),
      ...(item['integrity'] === undefined ? {} : { integrity: text(item, 'integrity') }),
      verified: item['verified'] === 'lockfile' ? 'lockfile' : 'none',
    })),
    changed: texts('changed'),
  }
}
