// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketSetup} from "./MarketSetup.sol";

/// Products beyond 256 bits whose quotient is small again.
contract HugeLimitsTest is MarketSetup {
    function test_aProductBeyond256BitsIsStillAPrice() public {
        tokenA.mint(alice, 2 ** 129);
        tokenB.mint(bob, 2 ** 131);
        (uint256 sold, uint256 bought) = cross(asking(2 ** 128, 2 ** 130), bidding(2 ** 129, 2 ** 127));
        assertEq(bought, 2 ** 129, "all that was bid, and no more");
        assertEq(sold, 2 ** 127, "at the price");
    }
}
