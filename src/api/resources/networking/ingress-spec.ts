// The routes of an Ingress: hosts, paths and backends.

import { parseIp } from '../../addresses/ip-address.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { TypedLocalObjectReference } from '../../types/core-v1.ts'
import type { HTTPIngressPath, IngressBackend, IngressServiceBackend, IngressSpec, IngressTLS } from '../../types/networking-v1.ts'
import { invalidShown } from '../../validation/go-syntax.ts'
import {
  dns1035Label,
  dns1123Subdomain,
  nameIsPathSegment,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
const refusedSequences = ['//', '/./', '/../', '%2f', '%2F']
const refusedSuffixes = ['/..', '/.']

export function validateIngressSpec(spec: IngressSpec): FieldError[] {
  const errors: FieldError[] = []
  const rules = spec.rules ?? []
  if (rules.length === 0 && spec.defaultBackend === undefined) {
    const shown = `[]networking.IngressRule${spec.rules === undefined ? '(nil)' : '{}'}`
    errors.push(invalidShown('spec', shown, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (spec.defaultBackend !== undefined) validateBackend(spec.defaultBackend, 'spec.defaultBackend', errors)
  rules.forEach(({ host = '', http }, index) => {
    const field = `spec.rules[${index}]`
    if (host !== '') validateHost(host, `${field}.host`, errors)
    if (http === undefined) return
    if ((http.paths ?? []).length === 0) errors.push(required(`${field}.http.paths`))
    http.paths?.forEach((path, at) => {
      validatePath(path, `${field}.http.paths[${at}]`, errors)
    })
  })
  spec.tls?.forEach((tls, index) => {
    validateTls(tls, `spec.tls[${index}]`, errors)
  })
  const className = spec.ingressClassName
  if (className !== undefined) pushMessages(errors, 'spec.ingressClassName', className, dns1123Subdomain(className))
  return errors
}

const hostMessages = (host: string): string[] => (host.includes('*') ? wildcardDns1123Subdomain(host) : dns1123Subdomain(host))

function validateHost(host: string, field: string, errors: FieldError[]): void {
  if (parseIp(host) !== undefined) errors.push(invalidValue(field, host, 'must be a DNS name, not an IP address'))
  pushMessages(errors, field, host, hostMessages(host))
}

function validateTls({ hosts, secretName = '' }: IngressTLS, field: string, errors: FieldError[]): void {
  hosts?.forEach((host, index) => {
    pushMessages(errors, `${field}.hosts[${index}]`, host, hostMessages(host))
  })
  if (secretName !== '') pushMessages(errors, `${field}.secretName`, secretName, dns1123Subdomain(secretName))
}

function validatePath({ pathType, path = '', backend }: HTTPIngressPath, field: string, errors: FieldError[]): void {
  if (pathType === undefined || pathType === null) {
    errors.push(required(`${field}.pathType`, 'pathType must be specified'))
    return
  }
  const refuse = (detail: string): void => {
    errors.push(invalidValue(`${field}.path`, path, detail))
  }
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      if (!path.startsWith('/')) refuse('must be an absolute path')
      for (const sequence of refusedSequences) if (path.includes(sequence)) refuse(`must not contain '${sequence}'`)
      for (const suffix of refusedSuffixes) if (path.endsWith(suffix)) refuse(`cannot end with '${suffix}'`)
      break
    case 'ImplementationSpecific':
      if (path !== '' && !path.startsWith('/')) refuse('must be an absolute path')
      break
    default:
      errors.push(notSupported(`${field}.pathType`, pathType, pathTypes))
  }
  validateBackend(backend ?? {}, `${field}.backend`, errors)
}

function validateBackend({ resource, service }: IngressBackend, field: string, errors: FieldError[]): void {
  if (resource !== undefined && service !== undefined) {
    errors.push(invalidValue(field, '', 'cannot set both resource and service backends'))
  } else if (resource !== undefined) {
    validateLocalReference(resource, `${field}.resource`, errors)
  } else if (service !== undefined) {
    validateService(service, field, errors)
  } else {
    errors.push(invalidValue(field, '', 'resource or service backend is required'))
  }
}

function validateService(service: IngressServiceBackend, field: string, errors: FieldError[]): void {
  if (service.name === '') errors.push(required(`${field}.service.name`))
  else pushMessages(errors, `${field}.service.name`, service.name, dns1035Label(service.name))
  const { name = '', number = 0 } = service.port ?? {}
  if (name !== '' && number !== 0) {
    errors.push(invalidValue(field, '', 'cannot set both port name & port number'))
  } else if (name !== '') {
    pushMessages(errors, `${field}.service.port.name`, name, portName(name))
  } else if (number !== 0) {
    pushMessages(errors, `${field}.service.port.number`, number, portNumber(number))
  } else {
    errors.push(required(field, 'port name or number is required'))
  }
}

/** Validates the group, kind and name of a reference to an object of the same namespace. */
export function validateLocalReference({ apiGroup, kind, name }: TypedLocalObjectReference, field: string, errors: FieldError[]): void {
  if (apiGroup !== undefined && apiGroup !== null) pushMessages(errors, `${field}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup))
  if (kind === '') errors.push(required(`${field}.kind`, 'kind is required'))
  else pushMessages(errors, `${field}.kind`, kind, nameIsPathSegment(kind, false))
  if (name === '') errors.push(required(`${field}.name`, 'name is required'))
  else pushMessages(errors, `${field}.name`, name, nameIsPathSegment(name, false))
}
