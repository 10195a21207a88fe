// What Events may say of classified objects.
import { StringDecoder } from 'node:string_decoder'
import type { Attributes } from '../../access/access.ts'
import type { Authorization } from '../../access/authorize.ts'
import { isOwnPart } from '../../access/authorizers/own-parts.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/admission.ts'
import { worstOf } from '../../api/data-classes/classify.ts'
import { leftOutOf, redacted } from '../../api/data-classes/data-class.ts'
import { maskText, valuesOf } from '../../api/data-classes/redact.ts'
import type { KubeObject } from '../../api/object.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { DataClassSource } from '../../server/request/data-class-source.ts'
import { maskReferences } from './pod-secrets.ts'

interface EventObject extends KubeObject {
  message?: string
  note?: string
  involvedObject?: ObjectReference
  regarding?: ObjectReference
}

interface ObjectReference {
  readonly apiVersion?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
}

type Place = Pick<Attributes, 'group' | 'resource' | 'namespace' | 'name'>

export interface EventRedactionParts {
  readonly authorization: Pick<Authorization, 'authorize'>
  readonly classes: DataClassSource
  readonly view: Pick<StoreReader, 'get'>
  /** The group and plural of a kind; undefined for one that is not served. */
  resourceOf(apiVersion: string, kind: string): { readonly group: string; readonly plural: string } | undefined
}

/** Whoever reports about an object, a controller, a node or a tenant, may quote what it holds. */
export function eventRedaction(parts: EventRedactionParts): AdmissionPlugin {
  return {
    name: 'EventRedaction',
    handles: ({ resource, operation }) => resource.plural === 'events' && (operation === 'CREATE' || operation === 'UPDATE'),
    async mutate(request) {
      const { object, namespace } = request
      if (object === undefined) return
      const event: EventObject = object
      for (const field of ['message', 'note'] as const) {
        const text = event[field]
        if (text !== undefined && text !== '')
          event[field] = await redactedMessage(text, event.involvedObject ?? event.regarding ?? {}, namespace, {
            ...parts,
            mayRead: place => mayRead(place, request, parts),
          })
      }
    },
  }
}

interface Reader {
  mayRead(place: Place): Promise<boolean>
}

/**
 * The cluster's own parts quote what they work with. Another writer learns from the mark that a text which it guessed is a value, so only who
 * may read the object gets one.
 */
async function mayRead(
  { group, resource, namespace, name }: Place,
  request: AdmissionRequest,
  parts: EventRedactionParts,
): Promise<boolean> {
  const { user } = request
  if (isOwnPart(user)) return true
  const asked = { user, verb: 'get', group, resource, isResource: true, version: '*', subresource: '', namespace, name, path: '' }
  return (await parts.authorization.authorize(asked, request)).allowed
}

async function redactedMessage(
  text: string,
  { apiVersion = '', kind = '', namespace: of, name = '' }: ObjectReference,
  namespace: string,
  { classes, view, resourceOf, mayRead }: EventRedactionParts & Reader,
): Promise<string> {
  const { group, plural } = resourceOf(apiVersion, kind) ?? { group: '', plural: 'events' }
  const place = { group, resource: plural, namespace: of ?? namespace, name }
  const classification = classes.classify(place, [])
  const worst = worstOf(classification)
  const handling = classes.handling[worst].events
  if (handling === 'show' && kind !== 'Pod') return text
  const object = handling === 'omit' ? undefined : view.get(group === '' ? plural : `${plural}.${group}`, place.namespace, name)
  // Of an object that is not there nobody knows what a text quotes.
  if (object === undefined) return handling === 'show' ? text : leftOutOf(worst)
  if (handling !== 'show' && !(await mayRead(place))) return leftOutOf(worst)
  const named = { ...object, kind }
  const isAll = classes.handling[classification.base].events !== 'show'
  const fields = classification.fields.filter(({ dataClass }) => classes.handling[dataClass].events !== 'show')
  const masked = handling === 'show' ? text : maskText(text, valuesOf(named, isAll ? 'all' : fields, text.length), redacted(worst))
  const shown = await maskReferences(masked, named, place.namespace, { classes, view, mayRead })
  return shown === undefined ? leftOutOf(worst) : cutTo(shown, Math.max(maxBytes, Buffer.byteLength(text)))
}

/** Upstream's limit of a message. Marks may be longer than what they stand for. */
const maxBytes = 1024

function cutTo(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  // A character that is cut in two is not complete, and goes.
  return new StringDecoder('utf8').write(Buffer.from(text).subarray(0, bytes))
}
