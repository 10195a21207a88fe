// Secret, v1.
import { isJsonObject } from '../../../base/json.ts'
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../field-error.ts'
import { parseJsonBytes } from '../../schema/decode.ts'
import type { Secret } from '../../types/core-v1.ts'
import { goKind } from '../../validation/json-structures.ts'
import { configMapKey } from '../../validation/names.ts'
import { immutable, pushMessages } from '../../validation/object-meta.ts'
import { dropEmptyMember, semanticallyEqual } from '../../validation/semantic-equality.ts'
import { ageCell } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { maxDataBytes } from './config-map.ts'
import { keyPairProblem } from './key-pair-problem.ts'

const whenImmutable = 'field is immutable when `immutable` is set'
const accountName = 'kubernetes.io/service-account.name'

export const secret = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  validatesMetadata: ['change', 'whole'],
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Type', type: 'string', cell: ({ type }) => type ?? '' },
    { name: 'Data', type: 'string', cell: ({ data }) => Object.keys(data ?? {}).length },
    { name: 'Age', type: 'string', cell: ageCell },
  ],
  setDefaults: setSecretDefaults,
  writing: {
    dropEmpty(object, old) {
      if (old?.immutable !== true) dropEmptyMember(object, 'data')
    },
  },
  validate: validateSecret,
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    immutable(errors, 'type', object.type ?? '', old.type ?? '')
    if (old.immutable === true) {
      if (object.immutable !== true) errors.push(forbiddenField('immutable', whenImmutable))
      if (!semanticallyEqual(object.data, old.data)) errors.push(forbiddenField('data', whenImmutable))
    }
    return [...errors, ...validateSecret(object)]
  },
  warnings: warningsOf,
  fieldSelectors: { values: ({ type }) => ({ type: type ?? '' }) },
})

/** Validation only requires the keys to be present. */
function warningsOf({ type, data = {} }: Secret): string[] {
  if (type !== 'kubernetes.io/tls') return []
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('latin1')
  const problem = keyPairProblem(text('tls.crt'), text('tls.key'))
  return problem === undefined ? [] : [problem]
}

/** `stringData` is write-only: it is encoded into `data` and overrides it. */
function setSecretDefaults(object: Secret): void {
  if (!object.type) object.type = 'Opaque'
  const { stringData } = object
  if (stringData === undefined) return
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const)
  // Entries and not assignments: a key named __proto__ is an ordinary key.
  object.data = Object.fromEntries([...Object.entries(object.data ?? {}), ...encoded])
  delete object.stringData
}

function validateSecret(object: Secret): FieldError[] {
  const errors: FieldError[] = []
  const data = object.data ?? {}
  let size = 0
  for (const key in data) {
    pushMessages(errors, `data[${key}]`, key, configMapKey(key))
    size += Buffer.byteLength(data[key] ?? '', 'base64')
  }
  if (size > maxDataBytes) errors.push(tooLong('data', maxDataBytes))
  validateType(object, data, errors)
  return errors
}

/** The keys that consumers of a type require. */
function validateType(object: Secret, data: Readonly<Record<string, string>>, errors: FieldError[]): void {
  const requireKey = (key: string): void => {
    if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`))
  }
  switch (object.type) {
    case 'kubernetes.io/service-account-token':
      if (!object.metadata.annotations?.[accountName]) errors.push(required(`metadata.annotations[${accountName}]`))
      break
    case 'kubernetes.io/dockercfg':
      validateJsonKey(data, '.dockercfg', errors)
      break
    case 'kubernetes.io/dockerconfigjson':
      validateJsonKey(data, '.dockerconfigjson', errors)
      break
    case 'kubernetes.io/basic-auth':
      if (Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')) break
      requireKey('username')
      requireKey('password')
      break
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) errors.push(required('data[ssh-privatekey]'))
      break
    case 'kubernetes.io/tls':
      requireKey('tls.crt')
      requireKey('tls.key')
      break
  }
}

/** The value must be a JSON object. The error repeats only its first wrong character, since it may contain credentials. */
function validateJsonKey(data: Readonly<Record<string, string>>, key: string, errors: FieldError[]): void {
  const value = data[key]
  if (value === undefined) {
    errors.push(required(`data[${key}]`))
    return
  }
  const refuse = (why: string): void => {
    errors.push(invalidValue(`data[${key}]`, '<secret contents redacted>', why))
  }
  const parsed = parseJsonBytes(Buffer.from(value, 'base64'), maxDataBytes)
  if (!parsed.ok) refuse(parsed.message)
  else if (parsed.value !== null && !isJsonObject(parsed.value)) {
    refuse(`json: cannot unmarshal ${goKind(parsed.value)} into Go value of type map[string]interface {}`)
  }
}
