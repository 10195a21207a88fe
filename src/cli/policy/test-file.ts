// The file of `bulkhead policy test`: policies, and a table of requests with the verdict that each must get.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isRecord } from '../../api/schema/compile.ts'
import type { Profile } from '../../base/config.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { type Fail, onlyFields, strictYaml } from '../strict-yaml.ts'

export const maxTestFileBytes = 8 * 1024 * 1024
export const maxTests = 10_000

type Json = Readonly<Record<string, unknown>>

export interface PolicyCase {
  readonly name: string
  readonly user: string
  readonly groups: readonly string[]
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  /** Of a DELETE the object that is deleted. */
  readonly object: Json
  /** What an UPDATE changes. */
  readonly oldObject: Json | undefined
  readonly expect: 'admitted' | 'refused'
  /** The plug-in that must refuse. */
  readonly by: string | undefined
  /** Must stand in the refusal. */
  readonly message: string | undefined
  /** Must stand in a warning. */
  readonly warning: string | undefined
}

export interface PolicyTest {
  readonly file: string
  readonly profile: Profile
  readonly namespace: string
  /** Absolute paths of what is applied before: policies, bindings, parameters, namespaces. */
  readonly policies: readonly string[]
  readonly cases: readonly PolicyCase[]
}

/** Throws a `UserError` that names the file and the place. */
export function readPolicyTest(file: string): PolicyTest {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (err) {
    if (codeOf(err) !== '') throw new UserError(`Cannot read "${file}": ${messageOf(err)}`, { cause: err })
    throw err
  }
  return parsePolicyTest(text, file)
}

export function parsePolicyTest(text: string, file: string): PolicyTest {
  const fail: Fail = what => {
    throw new UserError(`Cannot use "${file}": ${what}`)
  }
  if (text.length > maxTestFileBytes) fail(`it has more than ${maxTestFileBytes} characters`)
  const value = strictYaml(text, fail)
  if (!isRecord(value)) return fail('it is no object')
  onlyFields(value, ['apiVersion', 'kind', 'profile', 'namespace', 'policies', 'tests'], 'the file', fail)
  if (value['apiVersion'] !== 'check.bulkhead.dev/v1alpha1' || value['kind'] !== 'PolicyTest')
    fail('it is no PolicyTest of check.bulkhead.dev/v1alpha1')
  const { profile = 'secure', namespace = 'default', policies = [], tests = [] } = value
  if (profile !== 'secure' && profile !== 'upstream') return fail('profile is "secure" or "upstream"')
  if (typeof namespace !== 'string') return fail('namespace is no text')
  if (!Array.isArray(policies) || !policies.every(path => typeof path === 'string')) return fail('policies is no list of paths')
  if (!Array.isArray(tests) || tests.length === 0) return fail('tests is no list of tests')
  if (tests.length > maxTests) fail(`it has ${tests.length} tests, at most ${maxTests} are run`)
  return {
    ...{ file, profile, namespace },
    policies: policies.map(path => resolve(dirname(file), path)),
    cases: tests.map((entry, index) => caseOf(entry, `tests[${index}]`, fail)),
  }
}

const fields = ['name', 'user', 'groups', 'operation', 'object', 'oldObject', 'expect', 'by', 'message', 'warning']

function caseOf(value: unknown, at: string, fail: Fail): PolicyCase {
  if (!isRecord(value)) return fail(`${at} is no object`)
  onlyFields(value, fields, at, fail)
  const text = (key: string): string | undefined => {
    const member = value[key]
    return member === undefined || typeof member === 'string' ? member : fail(`${at}.${key} is no text`)
  }
  const { groups = [], operation = 'CREATE', expect, object, oldObject } = value
  if (!Array.isArray(groups) || !groups.every(group => typeof group === 'string')) return fail(`${at}.groups is no list of names`)
  if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'DELETE') return fail(`${at}.operation is CREATE, UPDATE or DELETE`)
  if (expect !== 'admitted' && expect !== 'refused') return fail(`${at}.expect is "admitted" or "refused"`)
  if (!isRecord(object)) return fail(`${at}.object is no object`)
  if (operation === 'UPDATE' ? !isRecord(oldObject) : oldObject !== undefined)
    return fail(`${at}.oldObject belongs to an UPDATE, and to nothing else`)
  const [by, message] = [text('by'), text('message')]
  if (expect === 'admitted' && (by !== undefined || message !== undefined)) fail(`${at}: by and message belong to a refusal`)
  return {
    ...{ name: text('name') ?? at, user: text('user') ?? 'policy-test', groups, operation, expect, object, by, message },
    ...{ oldObject: isRecord(oldObject) ? oldObject : undefined, warning: text('warning') },
  }
}
