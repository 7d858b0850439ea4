/** The secret of a link, which stands behind the #. */
export function readToken(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("token");
}

/** It goes from the address bar as soon as it was used, or refused; until then a reload must find it there. */
export function dropToken(): void {
  if (readToken()) history.replaceState(history.state, "", location.pathname + location.search);
}
