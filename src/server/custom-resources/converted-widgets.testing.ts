// Widgets of two versions with a webhook between them that the test plays.
import type { JSONSchemaProps } from '../../api/types/apiextensions-v1.ts'
import { TestServer } from '../testing.ts'
import type { ConversionSender } from './conversion.ts'
import { install, widgetDefinition, widgets } from './widgets.testing.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read reviews of any shape
export type Review = any

/** `spec.size` of v1 is `spec.length` in v2. */
const schema = (field: string): JSONSchemaProps => ({
  type: 'object',
  properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' }, color: { type: 'string', default: 'red' } } } },
})

const selectable = (field: string) => ({ selectableFields: [{ jsonPath: `.spec.${field}` }, { jsonPath: '.spec.color' }] })

const definition = (storage = 'v1') =>
  widgetDefinition({
    spec: {
      versions: [
        { name: 'v1', served: true, storage: storage === 'v1', schema: { openAPIV3Schema: schema('size') }, ...selectable('size') },
        { name: 'v2', served: true, storage: storage === 'v2', schema: { openAPIV3Schema: schema('length') }, ...selectable('length') },
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://converter.example.com/convert' } },
      },
    },
  })

export const v2 = widgets.replace('/v1/', '/v2/')

function converted(object: Review, desiredAPIVersion: string): Review {
  // Field management also converts the object without a manager's fields.
  if (object.spec === undefined) return { ...object, apiVersion: desiredAPIVersion }
  const { size, length, ...spec } = object.spec
  const value = size ?? length
  return { ...object, apiVersion: desiredAPIVersion, spec: { ...spec, [desiredAPIVersion.endsWith('v2') ? 'length' : 'size']: value } }
}

class TestConverter implements ConversionSender {
  readonly reviews: Review[] = []
  /** Modifies the answer; throws if the webhook fails. */
  change: (answer: Review) => Review = answer => answer

  async send(_client: object, body: Buffer): Promise<Buffer> {
    const review = JSON.parse(body.toString())
    this.reviews.push(review)
    const { uid, desiredAPIVersion, objects } = review.request
    const convertedObjects = objects.map((object: Review) => converted(object, desiredAPIVersion))
    const response = { uid, result: { status: 'Success' }, convertedObjects }
    const answer = this.change({ apiVersion: review.apiVersion, kind: review.kind, response })
    return Buffer.isBuffer(answer) ? answer : Buffer.from(JSON.stringify(answer))
  }
}

export async function serving(storage?: string): Promise<{ api: TestServer; converter: TestConverter }> {
  const converter = new TestConverter()
  const api = new TestServer({ conversionSender: converter })
  await install(api, definition(storage))
  return { api, converter }
}
