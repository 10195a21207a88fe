// Validation of environment variables, one by one and from whole ConfigMaps and Secrets.
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { EnvFromSource, EnvVar, EnvVarSource } from '../../types/core-v1.ts'
import { configMapKey, environmentVariableName, nameIsDnsSubdomain } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { environmentFieldPaths, validateFieldRef, validateResourceFieldRef } from './field-references.ts'

export function validateEnvironment(variables: readonly EnvVar[] | undefined, path: string, errors: FieldError[]): void {
  if (variables === undefined) return
  for (let index = 0; index < variables.length; index++) {
    const variable = variables[index]
    if (variable === undefined) continue
    if (!variable.name) errors.push(required(`${path}[${index}].name`))
    else {
      const messages = environmentVariableName(variable.name)
      if (messages.length > 0) pushMessages(errors, `${path}[${index}].name`, variable.name, messages)
    }
    if (variable.valueFrom !== undefined) validateValueFrom(variable.valueFrom, variable.value ?? '', `${path}[${index}].valueFrom`, errors)
  }
}

function validateValueFrom(from: EnvVarSource, value: string, path: string, errors: FieldError[]): void {
  let count = 0
  if (from.fieldRef !== undefined) {
    count++
    validateFieldRef(from.fieldRef, environmentFieldPaths, `${path}.fieldRef`, errors)
  }
  if (from.resourceFieldRef !== undefined) {
    count++
    validateResourceFieldRef(from.resourceFieldRef, false, `${path}.resourceFieldRef`, errors)
  }
  if (from.configMapKeyRef !== undefined) {
    count++
    validateKeyReference(from.configMapKeyRef, `${path}.configMapKeyRef`, errors)
  }
  if (from.secretKeyRef !== undefined) {
    count++
    validateKeyReference(from.secretKeyRef, `${path}.secretKeyRef`, errors)
  }
  if (count === 0) {
    errors.push(invalidValue(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'))
  } else if (value !== '') errors.push(invalidValue(path, '', 'may not be specified when `value` is not empty'))
  else if (count > 1) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'))
}

function validateKeyReference(reference: { readonly name?: string; readonly key?: string }, path: string, errors: FieldError[]): void {
  const name = reference.name ?? ''
  pushMessages(errors, `${path}.name`, name, nameIsDnsSubdomain(name, false))
  if (!reference.key) errors.push(required(`${path}.key`))
  else pushMessages(errors, `${path}.key`, reference.key, configMapKey(reference.key))
}

export function validateEnvironmentFrom(sources: readonly EnvFromSource[] | undefined, path: string, errors: FieldError[]): void {
  sources?.forEach((source, index) => {
    const at = `${path}[${index}]`
    if (source.prefix) pushMessages(errors, `${at}.prefix`, source.prefix, environmentVariableName(source.prefix))
    if (source.configMapRef !== undefined) validateWholeReference(source.configMapRef.name, `${at}.configMapRef.name`, errors)
    if (source.secretRef !== undefined) validateWholeReference(source.secretRef.name, `${at}.secretRef.name`, errors)
    if (source.configMapRef === undefined && source.secretRef === undefined) {
      errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    } else if (source.configMapRef !== undefined && source.secretRef !== undefined) {
      errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'))
    }
  })
}

function validateWholeReference(name: string | undefined, path: string, errors: FieldError[]): void {
  if (!name) errors.push(required(path))
  else pushMessages(errors, path, name, nameIsDnsSubdomain(name, true))
}
