// The part of etcd's v3 API (etcdserverpb, mvccpb) that the store uses, as data: message and field names, numbers and types. A table instead
// of a .proto file, so that a bundle needs no file at run time.
import type { MethodRow, ProtocolTable } from '../../base/grpc/descriptor.ts'

/** Field name -> "number type"; `[]` marks a repeated field, `?` a member of the message's oneof. Fields without an entry are skipped. */
const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ResponseHeader: { revision: '3 int64' },
  KeyValue: { key: '1 bytes', createRevision: '2 int64', modRevision: '3 int64', version: '4 int64', value: '5 bytes', lease: '6 int64' },
  Event: { type: '1 EventType', kv: '2 KeyValue' },
  RangeRequest: {
    key: '1 bytes',
    rangeEnd: '2 bytes',
    limit: '3 int64',
    revision: '4 int64',
    serializable: '7 bool',
    keysOnly: '8 bool',
    countOnly: '9 bool',
  },
  RangeResponse: { header: '1 ResponseHeader', kvs: '2 KeyValue[]', more: '3 bool', count: '4 int64' },
  PutRequest: { key: '1 bytes', value: '2 bytes', lease: '3 int64' },
  PutResponse: { header: '1 ResponseHeader' },
  DeleteRangeRequest: { key: '1 bytes', rangeEnd: '2 bytes' },
  DeleteRangeResponse: { header: '1 ResponseHeader', deleted: '2 int64' },
  RequestOp: { requestRange: '1 RangeRequest?', requestPut: '2 PutRequest?', requestDeleteRange: '3 DeleteRangeRequest?' },
  ResponseOp: { responseRange: '1 RangeResponse?', responsePut: '2 PutResponse?', responseDeleteRange: '3 DeleteRangeResponse?' },
  Compare: {
    result: '1 CompareResult',
    target: '2 CompareTarget',
    key: '3 bytes',
    version: '4 int64?',
    createRevision: '5 int64?',
    modRevision: '6 int64?',
    value: '7 bytes?',
  },
  TxnRequest: { compare: '1 Compare[]', success: '2 RequestOp[]', failure: '3 RequestOp[]' },
  TxnResponse: { header: '1 ResponseHeader', succeeded: '2 bool', responses: '3 ResponseOp[]' },
  CompactionRequest: { revision: '1 int64', physical: '2 bool' },
  CompactionResponse: { header: '1 ResponseHeader' },
  WatchCreateRequest: {
    key: '1 bytes',
    rangeEnd: '2 bytes',
    startRevision: '3 int64',
    progressNotify: '4 bool',
    filters: '5 FilterType[]',
    fragment: '8 bool',
  },
  WatchProgressRequest: {},
  WatchRequest: { createRequest: '1 WatchCreateRequest?', progressRequest: '3 WatchProgressRequest?' },
  WatchResponse: {
    header: '1 ResponseHeader',
    created: '3 bool',
    canceled: '4 bool',
    compactRevision: '5 int64',
    cancelReason: '6 string',
    fragment: '7 bool',
    events: '11 Event[]',
  },
  LeaseGrantRequest: { TTL: '1 int64', ID: '2 int64' },
  LeaseGrantResponse: { header: '1 ResponseHeader', ID: '2 int64', TTL: '3 int64', error: '4 string' },
  LeaseRevokeRequest: { ID: '1 int64' },
  LeaseRevokeResponse: { header: '1 ResponseHeader' },
  LeaseKeepAliveRequest: { ID: '1 int64' },
  LeaseKeepAliveResponse: { header: '1 ResponseHeader', ID: '2 int64', TTL: '3 int64' },
  Member: { ID: '1 uint64', name: '2 string', peerURLs: '3 string[]', clientURLs: '4 string[]', isLearner: '5 bool' },
  MemberListRequest: { linearizable: '1 bool' },
  MemberListResponse: { header: '1 ResponseHeader', members: '2 Member[]' },
  MemberAddRequest: { peerURLs: '1 string[]', isLearner: '2 bool' },
  MemberAddResponse: { header: '1 ResponseHeader', member: '2 Member', members: '3 Member[]' },
  MemberRemoveRequest: { ID: '1 uint64' },
  MemberRemoveResponse: { header: '1 ResponseHeader', members: '2 Member[]' },
  MemberPromoteRequest: { ID: '1 uint64' },
  MemberPromoteResponse: { header: '1 ResponseHeader', members: '2 Member[]' },
  StatusRequest: {},
  StatusResponse: {
    header: '1 ResponseHeader',
    version: '2 string',
    dbSize: '3 int64',
    leader: '4 uint64',
    errors: '8 string[]',
    dbSizeInUse: '9 int64',
    isLearner: '10 bool',
  },
}

const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  EventType: { PUT: 0, DELETE: 1 },
  CompareResult: { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 },
  CompareTarget: { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3 },
  FilterType: { NOPUT: 0, NODELETE: 1 },
}

/** Method -> service, request, response. */
const unary = {
  Range: ['KV', 'RangeRequest', 'RangeResponse'],
  Txn: ['KV', 'TxnRequest', 'TxnResponse'],
  Compact: ['KV', 'CompactionRequest', 'CompactionResponse'],
  LeaseGrant: ['Lease', 'LeaseGrantRequest', 'LeaseGrantResponse'],
  LeaseRevoke: ['Lease', 'LeaseRevokeRequest', 'LeaseRevokeResponse'],
  Status: ['Maintenance', 'StatusRequest', 'StatusResponse'],
  MemberList: ['Cluster', 'MemberListRequest', 'MemberListResponse'],
  MemberAdd: ['Cluster', 'MemberAddRequest', 'MemberAddResponse'],
  MemberRemove: ['Cluster', 'MemberRemoveRequest', 'MemberRemoveResponse'],
  MemberPromote: ['Cluster', 'MemberPromoteRequest', 'MemberPromoteResponse'],
} as const satisfies Readonly<Record<string, MethodRow>>

const streams = {
  Watch: ['Watch', 'WatchRequest', 'WatchResponse', 'both'],
  LeaseKeepAlive: ['Lease', 'LeaseKeepAliveRequest', 'LeaseKeepAliveResponse', 'both'],
} as const satisfies Readonly<Record<string, MethodRow>>

export type UnaryMethod = keyof typeof unary
export type StreamMethod = keyof typeof streams

export const etcdTable: ProtocolTable = { packageName: 'etcdserverpb', messages, enums, methods: { ...unary, ...streams } }
