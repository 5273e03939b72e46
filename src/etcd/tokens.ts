/**
 * Simple tokens: what a member remembers of who authenticated.
 *
 * Every member that applies an authentication knows the token; each forgets it by itself when it was not used for a
 * while, when the user is deleted or gets another password, and when auth is turned off. After etcd `auth/simple_token.go`.
 */

/** A token that is not used for this long is forgotten. */
export const TOKEN_TTL_MICROS = 300_000_000 as const;

/** One known token. */
export interface Token {
  readonly user: string;
  expiryMicros: number;
}

/** Tokens by their text. */
export interface TokenTable {
  tokens: Map<string, Token>;
}

/** No tokens. */
export function createTokenTable(): TokenTable {
  return { tokens: new Map() };
}

/** A table that goes its own way from here on. */
export function cloneTokenTable(table: TokenTable): TokenTable {
  const tokens = new Map<string, Token>();
  for (const [text, token] of table.tokens) tokens.set(text, { ...token });
  return { tokens };
}

/** Remembers a token. */
export function assignToken(table: TokenTable, text: string, user: string, nowMicros: number): void {
  table.tokens.set(text, { user, expiryMicros: nowMicros + TOKEN_TTL_MICROS });
}

/** The user a token stands for, whose time starts anew; null for an unknown or forgotten one. */
export function useToken(table: TokenTable, text: string, nowMicros: number): string | null {
  const token = table.tokens.get(text);
  if (token === undefined) return null;
  if (token.expiryMicros < nowMicros) {
    table.tokens.delete(text);
    return null;
  }
  token.expiryMicros = nowMicros + TOKEN_TTL_MICROS;
  return token.user;
}

/** Forgets all tokens of a user. */
export function dropUserTokens(table: TokenTable, user: string): void {
  for (const [text, token] of table.tokens) if (token.user === user) table.tokens.delete(text);
}

/** Forgets all tokens. */
export function dropAllTokens(table: TokenTable): void {
  table.tokens.clear();
}
