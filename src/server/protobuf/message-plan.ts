// Compiles the conversion of JSON members to protobuf fields from the generated field numbers, on first use of a message.

import data from './fields.json' with { type: 'json' }

/** Number, JSON name, type, and `r` for a list, `m` for a map from string, `i` for a message whose fields stand in the parent's JSON. */
export type FieldRow = readonly [number, string, string, ('r' | 'm' | 'i')?]

export const messages: ReadonlyMap<string, readonly FieldRow[]> = new Map(
  Object.entries(data as unknown as Record<string, readonly FieldRow[]>),
)

/** Reads a value from JSON and writes it. */
export type ValueKind =
  | 'text'
  | 'flag'
  | 'whole'
  | 'double'
  | 'bytes'
  | 'quantity'
  | 'raw'
  | 'intOrString'
  | 'time'
  | 'duration'
  | 'texts'
  | 'schemaOrBool'
  | 'schemaOrArray'
  | 'schemaOrStrings'
  | 'message'

export interface FieldPlan {
  /** Its JSON name in UTF-8. */
  readonly name: Buffer
  readonly kind: ValueKind
  readonly shape: 'one' | 'list' | 'map'
  readonly tag: number
  /** Tag of the value in a map entry. */
  readonly valueTag: number
  /** Tags of enclosing messages without a member in JSON, outermost first; fields of the same message share the list. */
  readonly around: readonly number[]
  /** Name of the message; '' for other types. */
  readonly type: string
  /** Resolved on first use, because messages are recursive. */
  message: MessagePlan | undefined
  /** Size of the last written length; the next one nearly always has the same size. */
  room: 1 | 2
}

export interface MessagePlan {
  /** By hash, with linear probing; a power of two, and at most half full. */
  readonly slots: readonly (FieldPlan | undefined)[]
}

const kinds: Readonly<Record<string, ValueKind | undefined>> = {
  string: 'text',
  bool: 'flag',
  int32: 'whole',
  int64: 'whole',
  uint32: 'whole',
  uint64: 'whole',
  double: 'double',
  bytes: 'bytes',
  quantity: 'quantity',
  raw: 'raw',
  intOrString: 'intOrString',
  schemaOrBool: 'schemaOrBool',
  schemaOrArray: 'schemaOrArray',
  schemaOrStrings: 'schemaOrStrings',
  'meta/v1.FieldsV1': 'raw',
  'meta/v1.Time': 'time',
  'meta/v1.MicroTime': 'time',
  'meta/v1.Duration': 'duration',
  'meta/v1.Verbs': 'texts',
  'authentication/v1.ExtraValue': 'texts',
  'authorization/v1.ExtraValue': 'texts',
  'certificates/v1.ExtraValue': 'texts',
}

const delimited = 2
const wireTypes: Readonly<Partial<Record<ValueKind, number>>> = { flag: 0, whole: 0, double: 1 }

/** The shared empty list of fields without inline messages. */
export const unwrapped: readonly number[] = []

const plans = new Map<string, MessagePlan>()

/** Throws for a message without field numbers. */
export function planOf(message: string): MessagePlan {
  let plan = plans.get(message)
  if (plan === undefined) {
    plan = { slots: slotsOf(fieldsOf(message, unwrapped)) }
    plans.set(message, plan)
  }
  return plan
}

function fieldsOf(message: string, around: readonly number[]): FieldPlan[] {
  const rows = messages.get(message)
  if (rows === undefined) throw new Error(`The protobuf message ${message} has no field numbers`)
  return rows.flatMap(([number, name, type, shape]) => {
    if (shape === 'i') return fieldsOf(type, [...around, number * 8 + delimited])
    const kind = kinds[type] ?? 'message'
    const wireType = wireTypes[kind] ?? delimited
    return {
      name: Buffer.from(name),
      kind,
      shape: shape === 'r' ? 'list' : shape === 'm' ? 'map' : 'one',
      tag: number * 8 + (shape === 'm' ? delimited : wireType),
      valueTag: 2 * 8 + wireType,
      around,
      type: kind === 'message' ? type : '',
      message: undefined,
      room: 1,
    }
  })
}

function slotsOf(fields: readonly FieldPlan[]): (FieldPlan | undefined)[] {
  const slots = new Array<FieldPlan | undefined>(2 ** Math.ceil(Math.log2(fields.length * 2 + 2)))
  slots.fill(undefined)
  for (const field of fields) {
    let slot = hashOf(field.name) & (slots.length - 1)
    while (slots[slot] !== undefined) slot = (slot + 1) & (slots.length - 1)
    slots[slot] = field
  }
  return slots
}

/** The same hash as in `json-to-protobuf.ts`. */
function hashOf(name: Uint8Array): number {
  let hash = 0
  for (const byte of name) hash = (Math.imul(hash, 31) + byte) | 0
  return hash
}
