// PodTemplate, v1.
import type { FieldError } from '../../field-error.ts'
import type { PodTemplate } from '../../types/core-v1.ts'
import { validatePodTemplateSpec } from '../../validation/pod/pod-template.ts'
import { containerImages, containerNames, formatLabels } from '../printing.ts'
import { defineResource } from '../resource.ts'
import { setPodTemplateDefaults } from './pod-defaults.ts'
import { templateWarnings } from './template-warnings.ts'

export const podTemplate = defineResource<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  namespaced: true,
  deletion: { returnsObject: true },
  countsGeneration: { parts: ({ template }) => [template] },
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    { name: 'Containers', type: 'string', cell: ({ template }) => containerNames(template?.spec?.containers) },
    { name: 'Images', type: 'string', cell: ({ template }) => containerImages(template?.spec?.containers) },
    { name: 'Pod Labels', type: 'string', cell: ({ template }) => formatLabels(template?.metadata?.labels) },
  ],
  setDefaults(object) {
    object.template ??= { spec: { containers: [] } }
    setPodTemplateDefaults(object.template)
  },
  validate(object) {
    const errors: FieldError[] = []
    validatePodTemplateSpec(object.template ?? { spec: { containers: [] } }, 'template', errors)
    return errors
  },
  warnings: (object, old) => templateWarnings(object, old, object.template, 'template'),
})
