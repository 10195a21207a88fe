// Data classes at admission: who may lower one, and which labels are valid.
import type { Authorization } from '../../access/authorize.ts'
import { type AdmissionPlugin, type AdmissionRequest, admitted, type Verdict } from '../../admission/admission.ts'
import { parseClassifiedFields } from '../../api/data-classes/classified-fields.ts'
import { labelOf, lowering } from '../../api/data-classes/classify.ts'
import {
  dataClasses,
  dataClassFieldsAnnotation,
  dataClassLabel,
  defaultClass,
  isBelow,
  isDataClass,
  lowerRight,
} from '../../api/data-classes/data-class.ts'
import { type FieldError, invalidValue } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { forbidden, invalid } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'

const isNamespace = ({ resource }: Pick<AdmissionRequest, 'resource'>): boolean => resource.group === '' && resource.plural === 'namespaces'

/** A class that an object or its namespace has is lowered only by who has the right to, and pods carry that of their namespace to their node. */
export function dataClassLabels(authorization: Pick<Authorization, 'authorize'>, view: Pick<StoreReader, 'get'>): AdmissionPlugin {
  return {
    name: 'DataClasses',
    handles: ({ operation }) => operation === 'CREATE' || operation === 'UPDATE',
    async mutate({ resource, subresource, operation, namespace, object }) {
      if (resource.group !== '' || resource.plural !== 'pods' || subresource !== '' || operation !== 'CREATE' || object === undefined)
        return
      const ofNamespace = labelOf(view.get('namespaces', '', namespace)?.metadata)
      if (ofNamespace === undefined || !isBelow(labelOf(object.metadata) ?? defaultClass, ofNamespace)) return
      object.metadata.labels = { ...object.metadata.labels, [dataClassLabel]: ofNamespace }
    },
    async validate(request) {
      const { object, oldObject, resource, name, user } = request
      if (object === undefined) return admitted
      const errors = faults(object.metadata)
      const before = oldObject?.metadata
      const isNew = (errors.length > 0 && before === undefined) || errors.some(({ field }) => changes(before, object.metadata, field))
      if (isNew) return { allowed: false, error: invalid(resource, name, errors) }
      const lowered = before === undefined ? undefined : lowering(before, object.metadata)
      if (lowered === undefined) return admitted
      // A right within the namespace does not suffice for the namespace itself.
      const namespace = isNamespace(request) ? '' : request.namespace
      const asked = { user, ...lowerRight, isResource: true, version: '*', subresource: '', namespace, name: '', path: '' }
      if ((await authorization.authorize(asked, request)).allowed) return admitted
      return refusal(request, lowered, namespace)
    },
  }
}

function refusal({ resource, name }: AdmissionRequest, lowered: string, namespace: string): Verdict {
  const { verb, resource: right, group } = lowerRight
  const where = namespace === '' ? 'in the cluster' : `in namespace "${namespace}"`
  return {
    allowed: false,
    error: forbidden(resource, name, `lowering ${lowered} needs the verb "${verb}" on "${right}.${group}" ${where}`),
  }
}

const labelField = `metadata.labels[${dataClassLabel}]`
const fieldsField = `metadata.annotations[${dataClassFieldsAnnotation}]`

function faults({ labels, annotations }: KubeObject['metadata']): FieldError[] {
  const label = labels?.[dataClassLabel]
  const fields = annotations?.[dataClassFieldsAnnotation]
  const parsed = fields === undefined ? undefined : parseClassifiedFields(fields)
  return [
    ...(label === undefined || isDataClass(label) ? [] : [invalidValue(labelField, label, `must be one of ${dataClasses.join(', ')}`)]),
    ...(parsed !== undefined && 'problem' in parsed ? [invalidValue(fieldsField, fields, parsed.problem)] : []),
  ]
}

/** What was stored before this version came stays as it is. */
function changes(before: KubeObject['metadata'] | undefined, after: KubeObject['metadata'], field: string): boolean {
  if (field === labelField) return before?.labels?.[dataClassLabel] !== after.labels?.[dataClassLabel]
  return before?.annotations?.[dataClassFieldsAnnotation] !== after.annotations?.[dataClassFieldsAnnotation]
}
