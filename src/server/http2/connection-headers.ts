// Connection-specific headers of HTTP/1.1, which HTTP/2 messages must not contain (RFC 9113, 8.2.2): a proxy behind either side could act on them.
export const ofConnection: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])
