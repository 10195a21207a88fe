// Headers that belong to a connection of HTTP/1.1 and may stand in no message of HTTP/2 (RFC 9113, 8.2.2): a proxy behind one side could take them for its own.
export const ofConnection: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])
