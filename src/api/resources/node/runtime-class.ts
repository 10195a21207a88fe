// node.k8s.io/v1 RuntimeClass.
import { writeJson } from '../../../base/write-json.ts'
import type { FieldError } from '../../field-error.ts'
import type { RuntimeClass } from '../../types/node-v1.ts'
import { goString, goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { dns1123Label } from '../../validation/names.ts'
import { immutable, pushMessages, validateLabels } from '../../validation/object-meta.ts'
import { validateTolerations } from '../../validation/pod/pod-placement.ts'
import { validateResourceRequirements } from '../../validation/pod/resource-requirements.ts'
import { deprecatedNodeLabels } from '../core/pod-warnings.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

export const runtimeClass = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  namespaced: false,
  validatesMetadata: ['whole', 'change'],
  allowUnconditionalUpdate: false,
  allowCreateOnUpdate: true,
  standardFinalizers: false,
  columns: [nameColumn, { name: 'Handler', type: 'string', cell: ({ handler }) => handler }, ageColumn],
  setDefaults({ scheduling }) {
    for (const toleration of scheduling?.tolerations ?? []) toleration.operator ||= 'Equal'
  },
  validate,
  validateUpdate(object, old) {
    const changed: FieldError[] = []
    immutable(changed, 'handler', object.handler, old.handler)
    return [validate(object), changed]
  },
  warnings({ scheduling }) {
    const messages = Object.keys(scheduling?.nodeSelector ?? {}).map(label => deprecatedNodeLabels[label])
    return messages.flatMap(message => (message === undefined ? [] : [`scheduling.nodeSelector: ${message}`]))
  },
})

function validate({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors: FieldError[] = []
  pushMessages(errors, 'handler', handler, dns1123Label(handler))
  if (overhead !== undefined) validateResourceRequirements({ limits: overhead.podFixed }, new Set(), 'overhead', errors)
  if (scheduling === undefined) return errors
  validateLabels(scheduling.nodeSelector, 'scheduling.nodeSelector', errors)
  // Upstream repeats the word, because its shared rule already names the list.
  validateTolerations(scheduling.tolerations, 'scheduling.tolerations.tolerations', errors)
  const seen = new Set<string>()
  scheduling.tolerations?.forEach((toleration, index) => {
    // The duration is not part of a toleration here.
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds = 'nil' } = toleration
    const identity = writeJson([key, operator, value, effect])
    if (seen.has(identity)) {
      const texts = { Key: goString(key), Operator: goString(operator), Value: goString(value), Effect: goString(effect) }
      const shown = goStruct('core.Toleration', { ...texts, TolerationSeconds: `(*int64)(${tolerationSeconds})` })
      errors.push(invalidShown(`scheduling.tolerations[${index}]`, shown, 'duplicate toleration'))
    }
    seen.add(identity)
  })
  return errors
}
