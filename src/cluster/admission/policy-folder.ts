// A folder of policies that the API cannot change: read at start, and again when something in it changes.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type FilePolicies,
  type PolicyFile,
  PolicyFileError,
  type PolicyFileOptions,
  readPolicyFiles,
} from '../../admission/policy/policy-files.ts'
import type { AnyBinding, AnyPolicy, PolicySource } from '../../admission/policy/policy-index.ts'
import type { MutatingSource, ValidatingSource } from '../../admission/policy/policy-kinds.ts'
import { type Features, noFeatures } from '../../api/features.ts'
import type { Clock } from '../../base/clock.ts'
import { followFolders } from '../../base/files/follow-folders.ts'
import type { Logger } from '../../base/log.ts'
import { UserError, whyUnreadable } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'

export const maxPolicyFiles = 200
/** Limit of bytes of one file. */
export const maxPolicyFileBytes = 1024 * 1024
const fileName = /^[^.].*\.(ya?ml|json)$/
const pollMs = 30_000

export interface PolicyFolder {
  readonly validating: ValidatingSource
  readonly mutating: MutatingSource
  /** Why the current content is not in force; undefined if it is. */
  problem(): string | undefined
  /** Reads again after each change, until the signal. */
  run(signal: AbortSignal): Promise<void>
}

export interface PolicyFolderOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Default: features that are off by default stay off. */
  readonly features?: Features
}

/** Throws a UserError if something in the folder is unusable: a server must not start with half of its rules. */
export function openPolicyFolder(path: string, { clock, log, features = noFeatures }: PolicyFolderOptions): PolicyFolder {
  const options = { mutates: features.mutatingAdmissionPolicy }
  let files = readFiles(path)
  let held = evaluated(path, files, options)
  let problem: string | undefined
  const listeners: (() => void)[] = []
  const reload = () => {
    try {
      const found = readFiles(path)
      if (writeJson(found) === writeJson(files) && problem === undefined) return
      held = evaluated(path, found, options)
      files = found
      problem = undefined
      const { validating, mutating } = held
      log.info('policies from files read', {
        policies: validating.policies.length + mutating.policies.length,
        bindings: validating.bindings.length + mutating.bindings.length,
      })
      for (const report of listeners) report()
    } catch (err) {
      if (!(err instanceof UserError)) throw err
      if (problem !== err.message) log.error('policies from files not read, the ones before hold', { err })
      problem = err.message
    }
  }
  const sourceOf = <P extends AnyPolicy, B extends AnyBinding>(
    now: () => { readonly policies: readonly P[]; readonly bindings: readonly B[] },
  ): PolicySource<P, B> => ({
    policies: () => now().policies,
    bindings: () => now().bindings,
    evaluatesPolicies: true,
    onChange: changed => void listeners.push(changed),
  })
  return {
    validating: sourceOf(() => held.validating),
    mutating: sourceOf(() => held.mutating),
    problem: () => problem,
    run: signal => followFolders(() => [path], reload, { what: 'policies from files', pollMs, clock, log }, signal),
  }
}

function evaluated(path: string, files: readonly PolicyFile[], options: PolicyFileOptions): FilePolicies {
  try {
    return readPolicyFiles(files, options)
  } catch (err) {
    if (err instanceof PolicyFileError) throw new UserError(`Policy folder "${path}": ${err.message}`, { cause: err })
    throw err
  }
}

function readFiles(path: string): readonly PolicyFile[] {
  const read = <T>(what: string, act: () => T): T => {
    try {
      return act()
    } catch (err) {
      throw new UserError(
        `Cannot read the ${what}: ${whyUnreadable(err)}; the API server reads it as user ${process.getuid?.() ?? 'unknown'}`,
        {
          cause: err,
        },
      )
    }
  }
  refuseIfOpen('folder', path, read(`policy folder "${path}"`, () => statSync(path)).mode)
  const names = read(`policy folder "${path}"`, () => readdirSync(path))
    .filter(name => fileName.test(name))
    .sort()
  if (names.length > maxPolicyFiles)
    throw new UserError(`Policy folder "${path}" has ${names.length} files, the limit is ${maxPolicyFiles}`)
  return names.map(name => {
    const file = join(path, name)
    const { size, mode } = read(`policy file "${file}"`, () => statSync(file))
    refuseIfOpen('file', file, mode)
    if (size > maxPolicyFileBytes) throw new UserError(`Policy file "${file}" has ${size} bytes, the limit is ${maxPolicyFileBytes}`)
    return { name, text: read(`policy file "${file}"`, () => readFileSync(file, 'utf8')) }
  })
}

/** Rules that every user can change protect nothing. */
function refuseIfOpen(what: 'folder' | 'file', path: string, mode: number): void {
  if ((mode & 0o002) !== 0) throw new UserError(`Policy ${what} "${path}" is world-writable: remove that permission (chmod o-w)`)
}
