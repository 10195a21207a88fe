// etcd's answers as the protocol table names them, with int64 as numbers.

export interface KeyValue {
  readonly key: Buffer
  readonly createRevision: number
  readonly modRevision: number
  readonly value: Buffer
  readonly lease: number
}

interface Answer {
  /** `revision` is etcd's own, of the whole etcd. */
  readonly header: { readonly revision: number }
}

export interface RangeResponse extends Answer {
  readonly kvs: readonly KeyValue[]
  readonly more: boolean
}

export interface TxnResponse extends Answer {
  readonly succeeded: boolean
  readonly responses: readonly { readonly responseRange?: RangeResponse }[]
}

export interface WatchRequest {
  readonly createRequest: {
    readonly key: Buffer
    readonly rangeEnd: Buffer
    readonly startRevision: number
    readonly fragment: boolean
  }
}

export interface WatchEvent {
  readonly type: 'PUT' | 'DELETE'
  readonly kv: KeyValue
}

export interface WatchResponse extends Answer {
  readonly created: boolean
  readonly canceled: boolean
  readonly compactRevision: number
  readonly cancelReason: string
  readonly fragment: boolean
  readonly events: readonly WatchEvent[]
}

export interface LeaseGrantResponse extends Answer {
  readonly ID: number
  readonly TTL: number
}

export interface LeaseKeepAliveResponse extends Answer {
  readonly TTL: number
}

export interface StatusResponse extends Answer {
  readonly version: string
  readonly dbSize: number
  readonly dbSizeInUse: number
  readonly leader: number
  readonly errors: readonly string[]
  readonly isLearner: boolean
}
