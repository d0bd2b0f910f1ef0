// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice FLAWED ON PURPOSE: the old chain's side of a migration that can be rolled back after the new chain was told to pay. Only tests deploy it.
contract FlawedManifest {
    mapping(address => uint256) public entered;
    mapping(address => uint256) public free;
    bool public frozen;

    function give(address owner, uint256 amount) external {
        free[owner] += amount;
    }

    function enter(uint256 amount) external {
        require(!frozen, "frozen");
        free[msg.sender] -= amount;
        entered[msg.sender] += amount;
    }

    function freeze() external {
        frozen = true;
    }

    /// Flaw: the new chain pays as soon as it is frozen here, and this is still possible then.
    function rollback() external {
        frozen = false;
    }

    function withdraw() external {
        require(!frozen, "frozen");
        free[msg.sender] += entered[msg.sender];
        entered[msg.sender] = 0;
    }
}

/// @notice FLAWED ON PURPOSE: the new chain's side, which pays on a frozen manifest.
contract FlawedClaims {
    FlawedManifest private immutable _manifest;
    mapping(address => uint256) public free;
    mapping(address => bool) public claimed;

    constructor(FlawedManifest manifest) {
        _manifest = manifest;
    }

    function claim() external {
        require(_manifest.frozen() && !claimed[msg.sender], "no");
        claimed[msg.sender] = true;
        free[msg.sender] += _manifest.entered(msg.sender);
    }
}
