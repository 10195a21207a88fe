import type { AuditEvent } from '../../src/access/audit/audit-event.ts'

/** The audit record of a write, of which tests need the id only. */
export const auditEventOf = (auditID: string): AuditEvent => ({
  ...{ level: 'Metadata', auditID, stage: 'ResponseComplete', requestURI: '/api/v1/namespaces/default/configmaps', verb: 'create' },
  ...{ user: { username: 'crash', groups: [] }, sourceIPs: ['127.0.0.1'], userAgent: 'test' },
  ...{ responseStatus: { code: 201 }, annotations: {} },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
})
