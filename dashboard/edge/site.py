"""The nginx site in front of the pages, as text with {{names}} to fill in: TLS, compression, one seat a reader among the processes, and limits a single process cannot hold."""

from __future__ import annotations

SITE = """\
# Smartport behind nginx. Written by `smartport install`; goes to /etc/nginx/sites-enabled/.

# A reader keeps one process: sessions, one-time links and files in memory live there. The seat is a random name, given with the first answer;
# not the address, or everybody behind one gateway would sit in one process.
map $cookie_smartport_seat $smartport_seat {
    default $cookie_smartport_seat;
    "" $request_id;
}
map $cookie_smartport_seat $smartport_new_seat {
    default "";
    "" "smartport_seat=$request_id; Path=/; HttpOnly; Secure; SameSite=Lax";
}
map $http_upgrade $smartport_connection {
    default upgrade;
    "" "";
}
upstream smartport {
    hash $smartport_seat consistent;
{{servers}}
    keepalive 32;
}
limit_conn_zone $binary_remote_addr zone=smartport_sessions:2m;
limit_req_zone $binary_remote_addr zone=smartport_asked:2m rate=50r/s;
limit_req_zone $binary_remote_addr zone=smartport_files:2m rate=2r/s;

# Any other name than ours gets no answer.
server {
    listen {{http_port}} default_server;
    listen {{https_port}} ssl http2 default_server;
    server_name _;
    ssl_reject_handshake on;
    return 444;
}
server {
    listen {{http_port}};
    server_name {{host}};
    server_tokens off;
    return 301 https://{{host}}{{https_suffix}}$request_uri;
}
server {
    listen {{https_port}} ssl http2;
    server_name {{host}};
    server_tokens off;

    ssl_certificate {{certificate}};
    ssl_certificate_key {{key}};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers off;
    ssl_session_cache shared:smartport_tls:5m;
    ssl_session_timeout 1d;
    ssl_session_tickets off;

    # The pages say all other headers themselves (dashboard/edge/policy.py).
    add_header Strict-Transport-Security "max-age=31536000" always;
    add_header Set-Cookie $smartport_new_seat;

    gzip on;
    gzip_comp_level 5;
    gzip_min_length 1000;
    gzip_proxied any;
    gzip_vary on;
    gzip_types text/css text/plain text/csv application/javascript text/javascript application/json image/svg+xml application/wasm font/ttf;

    client_max_body_size 16k;
    client_body_timeout 10s;
    client_header_timeout 10s;
    large_client_header_buffers 4 16k;
    limit_conn smartport_sessions 200;
    limit_req zone=smartport_asked burst=400 nodelay;
    limit_req_status 429;
    limit_conn_status 429;

    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $smartport_connection;
    proxy_cookie_flags ~ secure;
    proxy_next_upstream error timeout non_idempotent;
    proxy_connect_timeout 3s;
    proxy_read_timeout 120s;

    # Scripts, styles and fonts of the page: named by their content, the same for everybody.
    location /static/ {
        alias {{static}}/;
        types {
            text/css css;
            application/javascript js;
            application/wasm wasm;
            font/woff2 woff2;
            font/ttf ttf;
            image/png png;
            image/svg+xml svg;
        }
        expires 1y;
        etag on;
    }
    location = /_stcore/stream {
        proxy_pass http://smartport;
        proxy_read_timeout 1h;
        proxy_send_timeout 1h;
        proxy_buffering off;
    }
    location ~ ^/_stcore/(metrics|script-health-check|upload_file|agent)(/|$) {
        return 404;
    }
    location ~ ^/(export|briefing/show)(/|$) {
        limit_req zone=smartport_files burst=30 nodelay;
        proxy_pass http://smartport;
        proxy_read_timeout 10m;
        proxy_buffering off;
    }
    location / {
        proxy_pass http://smartport;
    }
}
"""
