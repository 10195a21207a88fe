// A CustomResourceDefinition for tests, and the server that has it established.
import type { KubeObject } from '../../api/object.ts'
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, JSONSchemaProps } from '../../api/types/apiextensions-v1.ts'
import type { TestServer } from '../testing.ts'

export const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const widgets = '/apis/example.com/v1/namespaces/default/widgets'

const text: JSONSchemaProps = { type: 'string' }

export const widgetSchema: JSONSchemaProps = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 10 },
        color: { ...text, default: 'red', enum: ['red', 'green'] },
        note: { ...text, nullable: true },
        port: { 'x-kubernetes-int-or-string': true },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { ...text, maxLength: 5, pattern: '^[a-z]*$' }, count: { type: 'integer', default: 1 } },
          },
        },
        limits: { type: 'object', additionalProperties: { type: 'integer' } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: text, phase: text } },
  },
}

export interface WidgetOptions {
  readonly group?: string
  readonly plural?: string
  readonly kind?: string
  readonly spec?: Partial<CustomResourceDefinitionSpec>
  readonly names?: object
  readonly version?: Partial<CustomResourceDefinitionVersion>
}

export function widgetDefinition(options: WidgetOptions = {}): KubeObject & Record<string, unknown> {
  const { group = 'example.com', plural = 'widgets', kind = 'Widget', spec = {}, names = {}, version = {} } = options
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind, ...names },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: widgetSchema }, ...version }],
      ...spec,
    },
  }
}

/** Creates the definition and waits for the condition (`Established`). */
export async function install(api: TestServer, definition = widgetDefinition(), condition = 'Established', wanted = 'True'): Promise<void> {
  const { metadata } = await api.create(crds, definition)
  await waitFor(api, metadata.name ?? '', object => conditionOf(object, condition)?.status === wanted)
}

// biome-ignore lint/suspicious/noExplicitAny: tests read objects of any shape
export function conditionOf(definition: any, type: string): { status: string; reason: string; message: string } | undefined {
  return definition?.status?.conditions?.find((condition: { type: string }) => condition.type === type)
}

/** Waits until the definition satisfies the condition; `undefined` stands for a deleted one. */
// biome-ignore lint/suspicious/noExplicitAny: tests read objects of any shape
export async function waitFor(api: TestServer, name: string, is: (definition: any) => boolean): Promise<void> {
  const watch = await api.watch(`${crds}?watch=true&fieldSelector=metadata.name=${name}`)
  const { status, json } = await api.get(`${crds}/${name}`)
  if (is(status === 404 ? undefined : json)) return watch.close()
  for (let event = await watch.next(); event !== undefined; event = await watch.next()) {
    if (is(event.type === 'DELETED' ? undefined : event.object)) return watch.close()
  }
  throw new Error(`the watch of ${name} ended`)
}

export const widget = (name: string, spec: object, rest: object = {}): KubeObject & Record<string, unknown> => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...rest,
})
