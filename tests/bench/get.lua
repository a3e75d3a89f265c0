-- wrk: GET /Users/{id}, ids at random. Arguments: the loader's directory.
local base, headers, ids

function init(arguments)
    local tenants = io.open(arguments[1] .. "/tenants.txt")
    local organization, token = tenants:read("*l"):match("^(%S+) (%S+)$")
    tenants:close()
    base = "/orgs/" .. organization .. "/scim/v2/Users/"
    headers = { Authorization = "Bearer " .. token }
    ids = {}
    for line in io.lines(arguments[1] .. "/users.txt") do
        ids[#ids + 1] = line:match("^%S+")
    end
end

function request()
    return wrk.format("GET", base .. ids[math.random(#ids)], headers)
end
