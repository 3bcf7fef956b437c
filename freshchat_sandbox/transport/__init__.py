"""How the embedded Freshchat is reached: within the process, or over a socket."""
