// Custom resources whose versions a webhook converts. Entries are converted to the requested version before they are used, many with one
// call, and each only once.
import { randomUUID } from 'node:crypto'
import { conversionReview, convertedObjects, reviewVersion, type WrongAnswer } from '../../api/custom-resources/conversion-review.ts'
import type { CustomKind } from '../../api/custom-resources/custom-kind.ts'
import type { KubeObject } from '../../api/object.ts'
import { parseJsonBytes } from '../../api/schema/decode.ts'
import { internalError } from '../../api/status.ts'
import type { WebhookClientConfig, WebhookConversion } from '../../api/types/apiextensions-v1.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Entry } from '../../store/store.ts'
import type { Conversion } from '../resource/conversion.ts'
import { CachedForm, type EntryView, frame } from '../resource/entry-view.ts'
import { SharedWork } from './shared-work.ts'

/** Sends one review and returns the response, up to a limit. Rejects with an Error in upstream's words. */
export interface ConversionSender {
  send(client: WebhookClientConfig, body: Buffer, timeoutSeconds: number, signal: AbortSignal): Promise<Buffer>
  /** Called when a call to the webhook of this definition begins; the returned function is called when it succeeded or failed. */
  begin?(definition: string): (failure?: ConversionFailure) => void
}

export interface ConversionFailure {
  readonly type: 'call' | WrongAnswer
  /** As shown to the client. */
  readonly message: string
}

export const noSender: ConversionSender = {
  send: () => Promise.reject(new Error('this server has no way to webhooks')),
}

/** The same as upstream. */
export const conversionTimeoutSeconds = 30
/** Bytes of objects in one call; a larger object gets its own call. */
const maxQuestionBytes = 1024 * 1024

export interface ConvertedServing {
  readonly conversion: Conversion
  readonly view: EntryView
  toStored(object: KubeObject): KubeObject
}

export interface ConversionParts {
  /** Name of the definition. */
  readonly definition: string
  readonly webhook: WebhookConversion
  readonly sender: ConversionSender
  readonly kind: CustomKind
  readonly apiVersion: string
  /** Name of the kind. */
  readonly kindName: string
  readonly stored: { readonly kind: CustomKind; readonly apiVersion: string }
  /** Entries with a later revision are in the current stored version. */
  readonly since: number
}

/** The view shows converted entries. */
export function webhookConversion(parts: ConversionParts): ConvertedServing {
  const { kind, apiVersion, stored, since } = parts
  const known = new WeakMap<Entry, CachedForm>()
  const toStore = new WeakMap<KubeObject, KubeObject>()
  const isStored = apiVersion === stored.apiVersion
  const keep = (entry: Entry, object: KubeObject) => known.set(entry, new CachedForm(object, entry))
  const of = (entry: Entry): Pick<Entry, 'bytes' | 'object'> => {
    if (isStored && entry.revision > since) return entry
    const found = known.get(entry)
    if (found === undefined) throw new Error('an entry that was not converted is looked at')
    return found
  }
  // Many watches share the same objects, so each change is converted once.
  const asking = new SharedWork<Entry>(async (entries, signal) => {
    // All objects of one call have the same version.
    for (const group of questions(entries, ({ object, byteLength }) => ({ object, bytes: byteLength }))) {
      const converted = await convert(
        parts,
        apiVersion,
        group.map(({ object }) => object),
        signal,
      )
      for (const [index, entry] of group.entries()) keep(entry, kind.convert(converted[index] ?? entry.object))
    }
  })
  return {
    conversion: {
      async prepare(entries, signal) {
        const foreign: Entry[] = []
        for (const entry of new Set(entries)) {
          if (known.has(entry) || (isStored && entry.revision > since)) continue
          if (entry.object.apiVersion === apiVersion) keep(entry, kind.adopt(copyJson(entry.object)))
          else foreign.push(entry)
        }
        if (foreign.length > 0) await asking.do(foreign, signal)
      },
      async prepareToStore(object, signal) {
        if (isStored) return
        const [converted] = await convert(parts, stored.apiVersion, [object], signal)
        if (converted !== undefined) toStore.set(object, stored.kind.adopt(converted))
      },
      async convert(objects, desired, signal) {
        const converted: KubeObject[] = []
        for (const group of questions(objects, object => ({ object, bytes: writeJson(object).length })))
          converted.push(...(await convert(parts, desired, group, signal)))
        return converted
      },
    },
    toStored(object) {
      const converted = isStored ? object : toStore.get(object)
      if (converted === undefined) throw new Error('an object that was not converted is stored')
      // Fields that the server has set meanwhile are the same in all versions.
      return isStored ? object : { ...converted, metadata: { ...object.metadata, ...annotationsOf(converted) } }
    },
    view: {
      bytes: entry => of(entry).bytes,
      object: entry => of(entry).object,
      frame(event, type) {
        const entry = event.entryAs(type)
        return isStored && entry.revision > since ? event.frame(type) : frame(type, of(entry).bytes)
      },
      // Everything was converted before.
      computes: () => false,
    },
  }
}

/** A conversion may change only the annotations of the metadata. */
function annotationsOf({ metadata: { annotations } }: KubeObject): { annotations?: Record<string, string> } {
  return annotations === undefined ? {} : { annotations }
}

/** Groups of one version each, within the size limit of a call. */
function questions<T>(all: readonly T[], look: (one: T) => { readonly object: KubeObject; readonly bytes: number }): T[][] {
  const groups: T[][] = []
  let version: string | undefined
  let bytes = 0
  for (const one of all) {
    const { object, bytes: size } = look(one)
    const group = groups.at(-1)
    if (group === undefined || object.apiVersion !== version || bytes + size > maxQuestionBytes) {
      groups.push([one])
      version = object.apiVersion
      bytes = size
    } else {
      group.push(one)
      bytes += size
    }
  }
  return groups
}

async function convert(
  { definition, webhook, sender, kindName }: ConversionParts,
  desiredAPIVersion: string,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const from = `${objects[0]?.apiVersion}, Kind=${kindName}`
  const done = sender.begin?.(definition)
  const fail = (type: ConversionFailure['type'], problem: string, cause?: unknown): Error => {
    const message = `conversion webhook for ${from} failed: ${problem}`
    done?.({ type, message })
    return internalError(message, cause === undefined ? {} : { cause })
  }
  const version = reviewVersion(webhook.conversionReviewVersions)
  const { clientConfig } = webhook
  if (version === undefined || clientConfig === undefined)
    throw fail('call', 'it speaks no version of ConversionReview that the server speaks')
  const uid = randomUUID()
  const body = Buffer.from(writeJson(conversionReview(version, uid, desiredAPIVersion, objects)))
  let answer: Buffer
  try {
    answer = await sender.send(clientConfig, body, conversionTimeoutSeconds, signal)
  } catch (err) {
    signal.throwIfAborted()
    throw fail('call', err instanceof Error ? err.message : String(err), err)
  }
  const parsed = parseJsonBytes(answer, Number.POSITIVE_INFINITY)
  if (!parsed.ok) throw fail('malformed', parsed.message)
  const converted = convertedObjects(parsed.value, version, uid, desiredAPIVersion, objects)
  if (!converted.ok) throw fail(converted.type, converted.problem)
  done?.()
  return converted.objects
}
