// networking.k8s.io/v1 IPAddress: one address of the service range and its owner.

import { writeJson } from '../../../base/write-json.ts'
import { validateCanonicalIp } from '../../addresses/ip-format.ts'
import { type FieldError, required } from '../../field-error.ts'
import type { IPAddress, ParentReference } from '../../types/networking-v1.ts'
import { invalidShown } from '../../validation/go-syntax.ts'
import { dns1123Subdomain, nameIsPathSegment } from '../../validation/names.ts'
import { immutableMessage, pushMessages } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

export const ipAddress = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  namespaced: false,
  shortNames: ['ip'],
  columns: [
    nameColumn,
    { name: 'ParentRef', type: 'string', cell: ({ spec }) => parentRefCell(spec.parentRef) },
    { ...ageColumn, undeclared: true },
  ],
  nameRule,
  writing: { generatesNames: false },
  validatesMetadata: ['whole', 'change'],
  fieldSelectors: {
    values: ({ spec }) => ({
      'spec.parentRef.group': spec.parentRef?.group ?? '',
      'spec.parentRef.resource': spec.parentRef?.resource ?? '',
      'spec.parentRef.namespace': spec.parentRef?.namespace ?? '',
      'spec.parentRef.name': spec.parentRef?.name ?? '',
    }),
  },
  validate,
  validateUpdate(object, old) {
    const { parentRef } = object.spec
    const changed = semanticallyEqual(parentRef, old.spec.parentRef)
      ? []
      : [invalidShown('spec.parentRef', goParent(parentRef), immutableMessage)]
    return [validate(object), changed]
  },
})

function goParent(parent: ParentReference | undefined): string {
  if (parent === undefined) return '"null"'
  const { group = '', resource = '', namespace = '', name = '' } = parent
  const [g, r, ns, n] = [group, resource, namespace, name].map(text => writeJson(text))
  return `networking.ParentReference{Group:${g}, Resource:${r}, Namespace:${ns}, Name:${n}}`
}

/** The name is the address itself. */
function nameRule(name: string): string[] {
  const errors: FieldError[] = []
  validateCanonicalIp(name, '', errors)
  // Only the part after the value, which the caller adds.
  return errors.map(({ message }) => message.slice(`Invalid value: ${writeJson(name)}: `.length))
}

function parentRefCell(parent: ParentReference | undefined): string {
  if (parent === undefined) return '<none>'
  const { group = '', resource = '', namespace = '', name = '' } = parent
  const kind = (group === '' ? resource : `${resource}.${group}`).toLowerCase()
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}

function validate({ spec }: IPAddress): FieldError[] {
  if (spec.parentRef === undefined) return [required('spec.parentRef')]
  const errors: FieldError[] = []
  const { group = '', resource = '', namespace = '', name = '' } = spec.parentRef
  if (group !== '') pushMessages(errors, 'spec.parentRef.group', group, dns1123Subdomain(group))
  if (resource === '') errors.push(required('spec.parentRef.resource'))
  else pushMessages(errors, 'spec.parentRef.resource', resource, nameIsPathSegment(resource, false))
  if (name === '') errors.push(required('spec.parentRef.name'))
  else pushMessages(errors, 'spec.parentRef.name', name, nameIsPathSegment(name, false))
  if (namespace !== '') pushMessages(errors, 'spec.parentRef.namespace', namespace, nameIsPathSegment(namespace, false))
  return errors
}
