// Parses the file of `bulkhead policy test`: policies, and a table of requests with their expected verdicts.
import { dirname, resolve } from 'node:path'
import { isRecord } from '../../api/schema/compile.ts'
import { type Fail, onlyFields, strictYaml } from '../../api/schema/strict-yaml.ts'
import type { Profile } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import { readRegularFile } from '../check/regular-file.ts'

const maxTestFileBytes = 8 * 1024 * 1024
const maxTests = 10_000

type Json = Readonly<Record<string, unknown>>

export interface PolicyCase {
  readonly name: string
  readonly user: string
  readonly groups: readonly string[]
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  /** For a DELETE, the object that is deleted. */
  readonly object: Json
  /** The object before an UPDATE. */
  readonly oldObject: Json | undefined
  readonly expect: 'admitted' | 'refused'
  /** The plug-in that must refuse. */
  readonly by: string | undefined
  /** Part of the message of the refusal. */
  readonly message: string | undefined
  /** Part of a warning. */
  readonly warning: string | undefined
  /** The expected result of mutating policies; undefined if nothing is expected. */
  readonly becomes: Becomes | undefined
}

/** Expectations about an admitted object. */
export interface Becomes {
  /** A part of the object: a map may have more members, a list must have the same items in the same order. */
  readonly mutated: Json | undefined
  /** A JSON patch: the result of applying it to the sent object must be part of the stored object, and what it removes must be absent. */
  readonly patch: readonly unknown[] | undefined
  /** JSON pointers to what must be absent. */
  readonly absent: readonly string[]
}

/** A right of a user or group, for authorizer checks in expressions. */
export interface Right {
  readonly user: string | undefined
  readonly group: string | undefined
  /** Undefined for all namespaces. */
  readonly namespace: string | undefined
  /** As in a Role. */
  readonly rules: readonly Json[]
}

export interface PolicyTest {
  readonly file: string
  readonly profile: Profile
  readonly namespace: string
  /** Absolute paths of what is applied first: policies, bindings, parameters, namespaces. */
  readonly policies: readonly string[]
  /** Undefined: each user has all rights. */
  readonly rights: readonly Right[] | undefined
  readonly cases: readonly PolicyCase[]
}

/** Throws a `UserError` with the file and the place. */
export function readPolicyTest(file: string): PolicyTest {
  const text = readRegularFile(file, { maxBytes: maxTestFileBytes, followLinks: true })
  return parsePolicyTest(text, file)
}

export function parsePolicyTest(text: string, file: string): PolicyTest {
  const fail: Fail = what => {
    throw new UserError(`Cannot use "${file}": ${what}`)
  }
  if (text.length > maxTestFileBytes) fail(`it has more than ${maxTestFileBytes} characters`)
  const value = strictYaml(text, fail)
  if (!isRecord(value)) return fail('it must be an object')
  onlyFields(value, ['apiVersion', 'kind', 'profile', 'namespace', 'policies', 'rights', 'tests'], 'the file', fail)
  if (value['apiVersion'] !== 'check.bulkhead.dev/v1alpha1' || value['kind'] !== 'PolicyTest')
    fail('it must be a PolicyTest of check.bulkhead.dev/v1alpha1')
  const { profile = 'secure', namespace = 'default', policies = [], rights, tests = [] } = value
  if (profile !== 'secure' && profile !== 'upstream') return fail('profile is "secure" or "upstream"')
  if (typeof namespace !== 'string') return fail('namespace must be a string')
  if (!Array.isArray(policies) || !policies.every(path => typeof path === 'string')) return fail('policies must be a list of paths')
  if (rights !== undefined && !Array.isArray(rights)) return fail('rights must be a list of rights')
  if (!Array.isArray(tests) || tests.length === 0) return fail('tests must be a list of tests')
  if (tests.length > maxTests) fail(`it has ${tests.length} tests, at most ${maxTests} are run`)
  return {
    ...{ file, profile, namespace },
    policies: policies.map(path => resolve(dirname(file), path)),
    rights: rights?.map((entry: unknown, index) => rightOf(entry, `rights[${index}]`, fail)),
    cases: tests.map((entry, index) => caseOf(entry, `tests[${index}]`, fail)),
  }
}

function rightOf(value: unknown, at: string, fail: Fail): Right {
  if (!isRecord(value)) return fail(`${at} must be an object`)
  onlyFields(value, ['user', 'group', 'namespace', 'rules'], at, fail)
  const { user, group, namespace, rules } = value
  const isName = (name: unknown): name is string | undefined => name === undefined || (typeof name === 'string' && name !== '')
  if (!isName(user) || !isName(group) || (user === undefined) === (group === undefined)) return fail(`${at} names a user or a group`)
  if (!isName(namespace)) return fail(`${at}.namespace must be a name`)
  if (!Array.isArray(rules) || !rules.every(isRecord)) return fail(`${at}.rules must be a list of rules, as a Role has them`)
  return { user, group, namespace, rules }
}

const fields = [
  'name',
  'user',
  'groups',
  'operation',
  'object',
  'oldObject',
  'expect',
  'by',
  'message',
  'warning',
  'mutated',
  'patch',
  'absent',
]

function caseOf(value: unknown, at: string, fail: Fail): PolicyCase {
  if (!isRecord(value)) return fail(`${at} must be an object`)
  onlyFields(value, fields, at, fail)
  const text = (key: string): string | undefined => {
    const member = value[key]
    return member === undefined || typeof member === 'string' ? member : fail(`${at}.${key} must be a string`)
  }
  const { groups = [], operation = 'CREATE', expect, object, oldObject } = value
  if (!Array.isArray(groups) || !groups.every(group => typeof group === 'string')) return fail(`${at}.groups must be a list of names`)
  if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'DELETE') return fail(`${at}.operation is CREATE, UPDATE or DELETE`)
  if (expect !== 'admitted' && expect !== 'refused') return fail(`${at}.expect is "admitted" or "refused"`)
  if (!isRecord(object)) return fail(`${at}.object must be an object`)
  if (operation === 'UPDATE' ? !isRecord(oldObject) : oldObject !== undefined)
    return fail(`${at}.oldObject belongs to an UPDATE, and to nothing else`)
  const [by, message] = [text('by'), text('message')]
  if (expect === 'admitted' && (by !== undefined || message !== undefined)) fail(`${at}: by and message belong to a refusal`)
  const becomes = becomesOf(value, at, fail)
  if (becomes !== undefined && (expect !== 'admitted' || operation === 'DELETE')) {
    return fail(`${at}: mutated, patch and absent belong to an object that is admitted`)
  }
  return {
    ...{ name: text('name') ?? at, user: text('user') ?? 'policy-test', groups, operation, expect, object, by, message },
    ...{ oldObject: isRecord(oldObject) ? oldObject : undefined, warning: text('warning'), becomes },
  }
}

function becomesOf({ mutated, patch, absent }: Readonly<Record<string, unknown>>, at: string, fail: Fail): Becomes | undefined {
  if (mutated === undefined && patch === undefined && absent === undefined) return undefined
  if (mutated !== undefined && !isRecord(mutated)) return fail(`${at}.mutated must be an object`)
  if (patch !== undefined && !Array.isArray(patch)) return fail(`${at}.patch must be a JSON patch`)
  const paths: unknown = absent ?? []
  const isPointer = (path: unknown): path is string => typeof path === 'string' && path.startsWith('/')
  if (!Array.isArray(paths) || !paths.every(isPointer)) return fail(`${at}.absent must be a list of paths like "/spec/hostNetwork"`)
  return { mutated, patch, absent: paths }
}
